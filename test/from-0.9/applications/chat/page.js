/* The script of the page. show() writes a line on it, on() is for what the visitor does. */
var socket = io.connect();

socket.on('announcement', function (text) {
  show('* ' + text);
});
socket.on('nicknames', function (nicknames) {
  show('here: ' + nicknames.join(', '));
});
socket.on('user message', function (from, text) {
  show(from + ': ' + text);
});
socket.on('private message', function (from, text, delivered) {
  show(from + ' whispers: ' + text);
  delivered('read');
});
socket.on('sent', function (letters) {
  show('sent ' + letters + ' letters');
});

on('nickname', function (nickname) {
  socket.emit('nickname', nickname, function (taken) {
    show(taken ? nickname + ' is taken' : 'you are ' + nickname);
  });
});
on('say', function (text) {
  socket.emit('user message', text);
});
on('whisper', function (to, text) {
  socket.emit('private message', to, text, function (answer) {
    show(to + ' has ' + answer + ' it');
  });
});
on('leave', function () {
  socket.disconnect();
});
