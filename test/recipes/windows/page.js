var connection = Realtime.connect();

connection.on('came', function (user) {
  var line = document.createElement('li');
  line.textContent = user;
  document.getElementById('came').appendChild(line);
});
connection.emit('who', function (user) {
  document.getElementById('user').textContent = user;
});
