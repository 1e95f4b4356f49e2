/*
 * The application of the tests, in the place of dist/app.js: it answers every message, and tells
 * everyone how many clients are connected. A node down to 10 runs it: nothing newer here.
 */
'use strict';

exports.app = function (io) {
  io.sockets.on('connection', socket => {
    socket.on('message', (text, ack) => {
      socket.emit('response', 'Got it!');
      if (typeof ack === 'function') ack(text);
    });
  });
  io.on('clients', clients => io.sockets.local.emit('clients', clients));
};
