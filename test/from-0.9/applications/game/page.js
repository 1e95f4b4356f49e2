/* The script of the page. */
var socket = io.connect();

['full', 'begin', 'your turn', 'not your turn', 'verdict', 'you have won', 'alone', 'heard',
  'honest', 'deaf'].forEach(function (event) {
  socket.on(event, function (what) {
    show(what === undefined ? event : event + ' ' + what);
  });
});
socket.on('moved', function (move, judge) {
  show('moved ' + move);
  judge(move === 'e4' ? 'good' : 'bad');
});
socket.on('disconnect', function (reason) {
  show('disconnected: ' + reason);
});

['play', 'move', 'give up', 'cheat', 'honest', 'deaf'].forEach(function (event) {
  on(event, function (what) {
    socket.emit(event, what);
  });
});
on('about', function () {
  socket.emit('about', function (about) {
    for (var name in about) show(name + ': ' + about[name]);
  });
});
