/* A page that shows a channel of IRC, one way. */
import { EventEmitter } from 'events';
import type { Server, Socket } from '../../../../src/realtime';

export function app(io: Server): void {
  var irc = new EventEmitter();
  var topic = 'nothing yet';

  function greet(socket: Socket) {
    socket.json.send({ channel: '#node.js', topic: topic });
  }

  irc.on('JOIN', function (user) {
    io.sockets.emit('announcement', user + ' joined the channel');
  });
  irc.on('PART', function (user) {
    io.sockets.emit('announcement', user + ' left the channel');
  });
  irc.on('PRIVMSG', function (user, channel, text) {
    io.sockets.emit('irc message', user, text);
  });
  irc.on('NOTICE', function (text) {
    io.sockets.send(text);
  });
  irc.on('TOPIC', function (user, channel, text) {
    topic = text;
    io.sockets.json.send({ channel: channel, topic: text });
  });
  irc.on('QUIT', function () {
    io.sockets.removeListener('connection', greet);
  });
  irc.on('PING', function () {
    io.sockets.volatile.emit('ping', 'pong');
  });

  io.sockets.once('connection', function (socket) {
    io.sockets.log.debug('the first one is', socket.id);
  });
  io.sockets.on('connection', greet);
  io.sockets.on('connection', function (socket) {
    io.log.debug('somebody looks on', socket.id);
    socket.volatile.emit('ping', 'welcome');

    // For want of a network: the page plays the server of IRC.
    socket.on('line', function () {
      irc.emit.apply(irc, arguments as any);
    });
  });
}
