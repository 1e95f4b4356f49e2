var connection = Realtime.connect();

connection.on('news', function (text) {
  var line = document.createElement('li');
  line.textContent = text;
  document.getElementById('news').appendChild(line);
});
