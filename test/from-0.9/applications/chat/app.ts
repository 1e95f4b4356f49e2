/* A chat with nicknames. */
import type { Server } from '../../../../src/realtime';

declare module '../../../../src/realtime' {
  interface SocketProperties {
    nickname: string;
  }
}

export function app(io: Server): void {
  var nicknames: { [nickname: string]: boolean } = {};

  io.sockets.on('connection', function (socket) {
    socket.on('nickname', function (nickname, taken) {
      if (nicknames[nickname]) return taken(true);
      taken(false);
      nicknames[nickname] = true;
      socket.nickname = nickname;
      socket.broadcast.emit('announcement', nickname + ' came');
      io.sockets.emit('nicknames', Object.keys(nicknames));
    });

    socket.on('user message', function (text) {
      socket.broadcast.emit('user message', this.nickname, text);
      socket.emit('sent', text.length);
    });

    socket.on('private message', function (to, text, delivered) {
      io.sockets.clients().forEach(function (other) {
        if (other.nickname !== to) return;
        other.emit('private message', socket.nickname, text, function (answer: string) {
          delivered(answer);
        });
      });
    });

    socket.on('disconnect', function () {
      if (!socket.nickname) return;
      delete nicknames[socket.nickname];
      socket.broadcast.emit('announcement', socket.nickname + ' went');
      socket.broadcast.emit('nicknames', Object.keys(nicknames));
    });
  });
}
