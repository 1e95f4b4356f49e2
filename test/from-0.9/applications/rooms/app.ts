/* Rooms that visitors make, and a list of them. */
import type { Server } from '../../../../src/realtime';

export function app(io: Server): void {
  function list(): string[] {
    var rooms = [];
    for (var name in io.sockets.manager.rooms) {
      // '' is everybody, and '/x' is the room x.
      if (name !== '') rooms.push(name.substring(1) + ' (' + io.rooms[name]!.length + ')');
    }
    return rooms.sort();
  }

  io.sockets.on('connection', function (socket) {
    socket.on('list', function (answer) {
      answer(list());
    });

    socket.on('enter', function (room, entered) {
      socket.join(room, function () {
        socket.broadcast.to(room).emit('entered', room);
        entered(io.sockets.clients(room).length);
      });
    });

    socket.on('quit', function (room, quit) {
      socket.leave(room, function () {
        socket.to(room).broadcast.emit('quitted', room);
        quit(Object.keys(io.sockets.manager.roomClients[socket.id]!).sort());
      });
    });

    socket.on('say', function (room, text) {
      if (!io.sockets.manager.rooms['/' + room]) return socket.emit('no room', room);
      io.sockets.in(room).emit('said', room, text);
    });

    socket.on('say to others', function (room, text) {
      io.sockets.to(room).except(socket.id).emit('said', room, text);
    });

    socket.on('send', function (room, text) {
      io.sockets.in(room).send(text);
      io.sockets.in(room).json.send({ room: room });
      socket.broadcast.to(room).send(text + '!');
      socket.broadcast.to(room).json.send({ from: room });
      io.sockets.to(room).emit('said', room, 'that was all');
      socket.broadcast.in(room).volatile.emit('may be lost');
    });

    socket.on('disconnect', function () {
      // As long as this runs, the one who goes is still there.
      var mine = io.roomClients[socket.id];
      for (var name in mine) {
        if (name !== '') socket.broadcast.to(name.substring(1)).emit('quitted', name.substring(1));
      }
    });
  });
}
