/* A game for two. Who plays is looked up by the room of the game. */
import type { Server, Socket } from '../../../../src/realtime';

declare module '../../../../src/realtime' {
  interface SocketProperties {
    game: Game;
  }
}

interface Game {
  room: string;
  turn: string | null;
  players(): Socket[];
  opponent(socket: Socket): Socket;
  begin(): void;
}

export function app(io: Server): void {
  var games: { [room: string]: Game } = {};

  function Game(this: Game, room: string) {
    this.room = room;
    this.turn = null;
  }

  Game.prototype.players = function (this: Game) {
    return io.sockets.clients(this.room);
  };

  Game.prototype.opponent = function (this: Game, socket: Socket) {
    return this.players().filter(function (player) {
      return player.id !== socket.id;
    })[0];
  };

  Game.prototype.begin = function (this: Game) {
    this.turn = this.players()[0]!.id;
    io.sockets.in(this.room).emit('begin', this.players().length);
    io.sockets.socket(this.turn).emit('your turn');
  };

  io.sockets.on('connection', function (socket) {
    socket.on('play', function (room) {
      if (io.sockets.clients(room).length === 2) return socket.emit('full', room);
      socket.join(room);
      socket.game = games[room] = games[room] || new (Game as any)(room) as Game;
      if (io.sockets.clients(room).length === 2) socket.game.begin();
    });

    socket.on('move', function (move) {
      var game = socket.game;
      if (game.turn !== socket.id) return socket.emit('not your turn');
      var opponent = game.opponent(socket);
      // The page of the other one says whether the move is a good one.
      opponent.emit('moved', move, function (verdict: string) {
        socket.emit('verdict', verdict);
        game.turn = opponent.id;
        io.sockets.sockets[game.turn]!.emit('your turn');
      });
    });

    socket.on('give up', function () {
      var opponent = socket.game.opponent(socket);
      opponent.emit('you have won');
      socket.disconnect();
    });

    socket.once('about', function (answer) {
      var manager = socket.manager;
      answer({
        transport: socket.transport,
        connected: manager.connected[socket.id],
        url: manager.handshaken[socket.id]!.url.split('?')[0]!.split('/').pop(),
        namespace: socket.namespace.name,
        same: socket.namespace === io.sockets && manager === io,
        disconnected: socket.disconnected,
        listeners: socket.listeners('move').length,
        handshakes: Object.keys(io.handshaken).length,
        players: Object.keys(io.connected).length
      });
    });

    function beHeard() {
      socket.emit('heard');
    }
    socket.on('cheat', beHeard);
    socket.on('honest', function () {
      socket.removeListener('cheat', beHeard);
      socket.emit('honest');
    });
    socket.on('deaf', function () {
      socket.emit('deaf');
      socket.removeAllListeners('move');
    });

    socket.on('disconnect', function (reason) {
      var game = socket.game;
      if (!game) return;
      // The one who goes is still in the room.
      var left = game.players().filter(function (player) {
        return !player.disconnected && player !== socket;
      });
      left.forEach(function (player) {
        player.emit('alone', reason);
      });
      delete games[game.room];
    });
  });
}
