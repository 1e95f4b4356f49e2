/* What the server keeps of a client, and two namespaces over one connection. */
import type { Server } from '../../../../src/realtime';

export function app(io: Server): void {
  io.sockets.on('connection', function (socket) {
    // A way to hear of all events: 0.9 has no other.
    var $emit = socket.$emit;
    socket.$emit = function (event) {
      if (event === 'spy') socket.emit('spied', arguments.length);
      $emit.apply(socket, arguments as any);
    };

    socket.on('set nickname', function (name) {
      socket.set('nickname', name, function () {
        socket.emit('ready');
      });
    });

    socket.on('message', function (text, done) {
      socket.get('nickname', function (err, name) {
        if (err) throw err;
        socket.send('message of ' + name + ': ' + text, function () {
          socket.emit('taken');
        });
        socket.broadcast.send(name + ' said: ' + text);
        socket.broadcast.json.send({ from: name });
        socket.json.broadcast.send([name]);
        socket.broadcast.volatile.emit('typing', name);
        if (done) done('done');
      });
    });

    socket.on('rename me', function () {
      socket.$emit('set nickname', 'nobody');
      socket.log.debug('renamed', socket.id);
      socket.send('nobody it is');
    });

    socket.on('forget', function (answer) {
      socket.has('nickname', function (err, before) {
        socket.del('nickname', function () {
          socket.has('nickname', function (err, after) {
            answer(before, after);
          });
        });
      });
    });
  });

  var chat = io
    .of('/chat')
    .on('connection', function (socket) {
      socket.emit('a message', 'for you in ' + socket.namespace.name);
      socket.on('hi!', function (room) {
        socket.join(room);
        chat.emit('a message', 'for everyone in ' + chat.name + ': ' + chat.clients(room).length);
        chat.in(room).emit('a message', 'for everyone in ' + room);
        socket.broadcast.to(room).emit('a message', 'for the others in ' + room);
        socket.emit('rooms', Object.keys(io.rooms).sort(), Object.keys(io.namespaces).sort());
      });
      socket.on('disconnect', function (reason) {
        io.sockets.emit('left chat', reason, chat.clients().length);
      });
    });

  io
    .of('/news')
    .authorization(function (handshake, accept) {
      accept(null, handshake.query.paper === 'paid');
    })
    .on('connection', function (socket) {
      socket.emit('item', { news: 'item' });
    });
}
