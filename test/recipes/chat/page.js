var connection = Realtime.connect();
var byId = function (id) { return document.getElementById(id); };
var joined = null;

function show(said) {
  var line = document.createElement('li');
  line.textContent = said.name + ': ' + said.text;
  byId('said').appendChild(line);
}

function join() {
  connection.emit('join', joined.room, joined.name, function (history) {
    byId('said').textContent = '';
    if (!history.error) history.forEach(show);
  });
}

connection.on('status', function (status) {
  // The server has forgotten this page, after a restart or a long sleep.
  if (status.state === 'connected' && !status.recovered && joined) join();
});
connection.on('said', show);

byId('join').onsubmit = function () {
  joined = { room: byId('room').value, name: byId('name').value };
  join();
  return false;
};
byId('say').onsubmit = function () {
  connection.emit('say', byId('text').value);
  byId('text').value = '';
  return false;
};
