/* The application of the tests with several processes, in the place of src/app.ts. Any of them may be killed at any moment. */
import type { Server } from '../../src/realtime';
import type { Loose } from '../support/raw';

/** How often each side sends a number, ms. */
export const EVERY = 100;

/**
 * Sends each session the numbers 1, 2, 3, … wherever the session is, answers each of a client's numbers, and tells all what one client
 * tells. What has to go along to another process is in socket.set.
 */
export function app(io: Server<Loose, Loose, { sent: number; finished: boolean }>): void {
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
    socket.on('tell', (client: number, number: number) => io.sockets.to('room').emit('news', client, number));
    socket.on('finish', (answer: (sent: number, id: string) => void) => {
      finished = true;
      socket.set('finished', true);
      answer(sent, socket.id);
    });
    socket.on('who', (answer: (pid: number) => void) => answer(process.pid));
    socket.on('disconnect', () => clearInterval(timer));
  });
}
