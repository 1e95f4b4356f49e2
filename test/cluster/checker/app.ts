/*
 * The application that the checker watches, in the place of src/app.ts. It knows nothing of how
 * processes share their clients: what has to go along is in socket.set.
 */
import type { Server } from '../../../src/realtime';
import type { Loose } from '../../support/raw';

/** How often a client is sent a number, ms. */
const EVERY = 300;

export function app(io: Server<Loose, Loose, { sent: number; finished: boolean }>): void {
  setClock();
  io.sockets.on('connection', socket => {
    socket.join('room');
    let sent = 0;
    let finished = false;
    socket.get('sent', (_error, before) => { sent = before ?? 0; });
    socket.get('finished', (_error, before) => { finished = before ?? false; });
    const timer = setInterval(() => {
      if (finished) return;
      sent += 1;
      socket.set('sent', sent);
      socket.emit('number', sent);
    }, EVERY);
    socket.on('number', (number: number) => socket.emit('echo', number));
    socket.on('tell', (client: number, number: number) => {
      io.sockets.to('room').emit('news', client, number);
    });
    socket.on('ask', (number: number, answer: (number: number) => void) => answer(number));
    // Nothing of it is done by another process: its message is written long before.
    socket.on('later', (number: number, answer: (number: number) => void) => {
      setTimeout(() => {
        socket.set(`later ${number}` as 'sent', number);
        socket.emit('late', number);
        answer(number);
      }, 700);
    });
    socket.on('finish', (answer: (sent: number) => void) => {
      finished = true;
      socket.set('finished', true);
      answer(sent);
    });
    socket.on('disconnect', () => clearInterval(timer));
  });
}

/** The clock of this process is set by whoever started it: a signal, forth and back by an hour. */
function setClock(): void {
  const { now } = Date;
  let offset = 0;
  Date.now = () => now() + offset;
  process.on('SIGUSR2', () => { offset = offset === 0 ? 3600000 : -3600000 - offset; });
}
