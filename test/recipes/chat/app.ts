import type { Server } from '../../../src/realtime';

interface Said { name: string; text: string }
interface In {
  join: (room: string, name: string, done: (history: Said[]) => void) => void;
  say: (text: string) => void;
}
interface Out { said: (said: Said) => void }
interface Data { seat: { room: string; name: string } }

/** Clients can say any name: only these rooms are there. */
const ROOMS = ['tea', 'coffee'];
/** How many messages of a room somebody gets who joins it. */
const MOST = 50;

export function app(io: Server<In, Out, Data>): void {
  // They are gone with the process. A database keeps them, and shares them with other processes.
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

/** Types are a promise: a client can send anything. */
function isText(value: unknown, most: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= most;
}
