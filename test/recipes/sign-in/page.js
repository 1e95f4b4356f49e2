var connection = Realtime.connect();
var byId = function (id) { return document.getElementById(id); };

connection.on('status', function (status) {
  byId('state').textContent = status.state + (status.reason ? ': ' + status.reason : '');
  // Another user has signed in, in another tab: this page still shows the first user's data.
  if (status.reason === 'another user has signed in') location.reload();
});
connection.on('whispered', function (from, text) {
  var line = document.createElement('li');
  line.textContent = from + ': ' + text;
  byId('whispered').appendChild(line);
});
byId('whisper').onsubmit = function () {
  connection.emit('whisper', byId('to').value, byId('text').value);
  return false;
};
