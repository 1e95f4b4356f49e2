/* The script of the page. */
var socket = io.connect('/?page=1', { resource: 'sessions' });

socket.on('hello', function (name, windows) {
  show('hello ' + name + ', ' + windows);
});
socket.on('error', function (reason) {
  show('error: ' + reason);
});
socket.on('disconnect', function (reason) {
  show('disconnected: ' + reason);
});

on('settings', function () {
  socket.emit('secret');
  socket.emit('settings', function (settings) {
    show(JSON.stringify(settings));
  });
});
on('admin', function () {
  var admin = io.connect('/admin');
  admin.on('welcome', function (name, since) {
    show('welcome ' + name + ', since ' + since);
  });
  admin.on('connect_failed', function (reason) {
    show('admin: ' + reason);
  });
});
on('sign out everywhere', function () {
  socket.emit('sign out everywhere');
});
