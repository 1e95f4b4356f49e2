/* The script of the page. */
var socket = io.connect();

socket.on('updatechat', function (username, data) {
  show(username + ': ' + data);
});
socket.on('updateusers', function (usernames) {
  show('users: ' + Object.keys(usernames).join(' '));
});
socket.on('updaterooms', function (rooms, current) {
  show(rooms.map(function (room) {
    return room === current ? '[' + room + ']' : room;
  }).join(' '));
});

on('name', function (username) {
  socket.emit('adduser', username);
});
on('say', function (text) {
  socket.emit('sendchat', text);
});
on('go', function (room) {
  socket.emit('switchRoom', room);
});
on('leave', function () {
  socket.disconnect();
});
