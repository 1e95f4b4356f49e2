/* The script of the page. */
var socket = io.connect();

socket.on('entered', function (room) {
  show('somebody enters ' + room);
});
socket.on('quitted', function (room) {
  show('somebody quits ' + room);
});
socket.on('said', function (room, text) {
  show(room + ': ' + text);
});
socket.on('no room', function (room) {
  show('there is no room ' + room);
});
socket.on('message', function (message) {
  show(typeof message === 'string' ? message : JSON.stringify(message));
});

on('list', function () {
  socket.emit('list', function (rooms) {
    show('rooms: ' + rooms.join(', '));
  });
});
on('enter', function (room) {
  socket.emit('enter', room, function (count) {
    show('you are one of ' + count + ' in ' + room);
  });
});
on('quit', function (room) {
  socket.emit('quit', room, function (left) {
    show('you are in: ' + left.join(' '));
  });
});
on('say', function (room, text) {
  socket.emit('say', room, text);
});
on('say to others', function (room, text) {
  socket.emit('say to others', room, text);
});
on('send', function (room, text) {
  socket.emit('send', room, text);
});
on('leave', function () {
  socket.disconnect();
});
