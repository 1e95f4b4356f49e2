/*
 * The application of the tests with several processes, and of the checker, in the place of
 * src/app.ts. Any process may be killed at any moment. The application knows nothing of how processes
 * share their clients: a value that has to go along to another process is in socket.set.
 */
import type { Server } from '../../src/realtime';
import type { Loose } from '../support/raw';

/** How often each side sends a number, ms. */
export const EVERY = Number(process.env.NUMBERS_EVERY ?? 100);

/**
 * Sends each session the numbers 1, 2, 3, … wherever the session is, answers each of a client's
 * numbers, and tells all clients each text that one client tells, by a room and without one in turn.
 */
export function app(io: Server<Loose, Loose, { sent: number; finished: boolean }>): void {
  setClock();
  io.sockets.on('connection', socket => {
    socket.join('room');
    let sent = 0;
    socket.get('sent', (_error, before) => { sent = before ?? 0; });
    let finished = false;
    socket.get('finished', (_error, before) => { finished = before ?? false; });
    const timer = setInterval(() => {
      if (finished) return;
      sent += 1;
      socket.set('sent', sent);
      socket.emit('number', sent);
    }, EVERY);
    socket.on('number', (number: number) => socket.emit('echo', number));
    socket.on('tell', (client: number, number: number) => {
      // All clients are in the room: a text for the room and one for all clients reach the same.
      if (number % 2 === 0) io.sockets.to('room').emit('news', client, number);
      else io.sockets.emit('news', client, number);
    });
    socket.on('ask', (number: number, answer: (number: number) => void) => answer(number));
    // The message is written long before the timer runs out: no other process handles it again.
    socket.on('later', (number: number, answer: (number: number) => void) => {
      setTimeout(() => {
        socket.set(`later ${number}` as 'sent', number);
        socket.emit('late', number);
        answer(number);
      }, 700);
    });
    socket.on('finish', (answer: (sent: number, id: string) => void) => {
      finished = true;
      socket.set('finished', true);
      answer(sent, socket.id);
    });
    socket.on('who', (answer: (pid: number) => void) => answer(process.pid));
    socket.on('disconnect', () => clearInterval(timer));
  });
}

/** At each SIGUSR2, the clock of this process is set forward or back by an hour. */
function setClock(): void {
  const { now } = Date;
  let offset = 0;
  Date.now = () => now() + offset;
  process.on('SIGUSR2', () => { offset = offset === 0 ? 3600000 : -3600000 - offset; });
}
