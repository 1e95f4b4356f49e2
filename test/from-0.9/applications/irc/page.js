/* The script of the page. */
var socket = io.connect();

socket.on('announcement', function (text) {
  show('* ' + text);
});
socket.on('irc message', function (user, text) {
  show(user + ': ' + text);
});
socket.on('message', function (message) {
  show(typeof message === 'string' ? '-!- ' + message : message.channel + ': ' + message.topic);
});
socket.on('ping', function () {
  // One that comes between two polls is lost: it may be there or not.
});

on('line', function () {
  socket.emit.apply(socket, ['line'].concat(Array.prototype.slice.call(arguments)));
});
