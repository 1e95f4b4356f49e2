import type { Server } from '../../../src/realtime';

interface Said { name: string; text: string }
interface In {
  join: (room: string, name: string, done: (history: Said[]) => void) => void;
  say: (text: string) => void;
}
interface Out { said: (said: Said) => void }
interface Data { seat: { room: string; name: string } }

/** Clients can send any name, so the server has a list of its rooms. */
const ROOMS = ['tea', 'coffee'];
/** A client that joins a room gets this many messages at most. */
const MOST = 50;

export function app(io: Server<In, Out, Data>): void {
  // The messages are gone with the process. A database keeps them, and shares them.
  const history = new Map(ROOMS.map(room => [room, [] as Said[]]));

  io.sockets.on('connection', socket => {
    socket.on('join', (room, name, done) => {
      const said = history.get(room);
      if (!said || !isText(name, 30)) return;
      for (const other of ROOMS) socket.leave(other);
      socket.join(room);
      socket.set('seat', { room, name });
      done(said);
    });
    socket.on('say', text => socket.get('seat', (_error, seat) => {
      if (!seat || !isText(text, 1000)) return;
      const said = { name: seat.name, text };
      const all = history.get(seat.room)!;
      all.push(said);
      if (all.length > MOST) all.shift();
      io.sockets.in(seat.room).emit('said', said);
    }));
  });
}

/** A client can send anything: types do not check it. */
function isText(value: unknown, most: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= most;
}
