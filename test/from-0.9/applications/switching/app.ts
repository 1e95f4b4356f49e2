/* A chat over several rooms, in one of which everybody is. */
import type { Server } from '../../../../src/realtime';

declare module '../../../../src/realtime' {
  interface SocketProperties {
    username: string;
    room: string;
  }
}

export function app(io: Server): void {
  var usernames: { [username: string]: string } = {};
  var rooms = ['lobby', 'kitchen', 'attic'];

  io.on('connection', function (socket) {
    socket.on('adduser', function (username) {
      socket.username = username;
      socket.room = 'lobby';
      usernames[username] = username;
      socket.join('lobby');
      socket.emit('updatechat', 'SERVER', 'you are in the lobby');
      socket.broadcast.to('lobby').emit('updatechat', 'SERVER', username + ' came');
      socket.emit('updaterooms', rooms, 'lobby');
      io.sockets.emit('updateusers', usernames);
    });

    socket.on('sendchat', function (data) {
      io.sockets['in'](socket.room).emit('updatechat', socket.username, data);
    });

    socket.on('switchRoom', function (newroom) {
      socket.leave(socket.room);
      socket.join(newroom);
      socket.emit('updatechat', 'SERVER', 'you are in the ' + newroom);
      socket.broadcast.to(socket.room).emit('updatechat', 'SERVER', socket.username + ' has left');
      socket.room = newroom;
      socket.broadcast.to(newroom).emit('updatechat', 'SERVER', socket.username + ' came');
      socket.emit('updaterooms', rooms, newroom);
    });

    socket.on('disconnect', function () {
      delete usernames[socket.username];
      io.sockets.emit('updateusers', usernames);
      socket.broadcast.emit('updatechat', 'SERVER', socket.username + ' has left');
      socket.leave(socket.room);
    });
  });
}
