/* The script of the page. */
var socket = io.connect();
var chat = io.connect('/chat');

socket.on('ready', function () {
  show('ready');
});
socket.on('taken', function () {
  show('taken');
});
socket.on('spied', function (count) {
  show('spied ' + count);
});
socket.on('message', function (message) {
  show(typeof message === 'string' ? message : JSON.stringify(message));
});
socket.on('left chat', function (reason, count) {
  show('somebody left the chat: ' + reason + ', ' + count + ' in it');
});
chat.on('a message', function (text) {
  show(text);
});
chat.on('rooms', function (rooms, namespaces) {
  show(JSON.stringify(rooms) + ' ' + JSON.stringify(namespaces));
});

on('nickname', function (name) {
  socket.emit('set nickname', name);
});
on('rename', function () {
  socket.emit('rename me');
});
on('say', function (text) {
  socket.send(text, function (answer) {
    show(answer === undefined ? 'acknowledged' : answer);
  });
});
on('spy', function () {
  socket.emit('spy', 1, 2);
});
on('forget', function () {
  socket.emit('forget', function (before, after) {
    show(before + ', then ' + after);
  });
});
on('hi', function (room) {
  chat.emit('hi!', room);
});
on('leave chat', function () {
  chat.disconnect();
});
on('read', function () {
  var news = io.connect('/news');
  news.on('item', function (item) {
    show('news: ' + item.news);
  });
  news.on('connect_failed', function (reason) {
    show('no news: ' + reason);
  });
});
