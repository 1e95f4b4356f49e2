/*
 * The application of the tests with several processes, and of the checker. This application is in
 * the place of src/app.ts. Any process may be killed at any moment. The application does not know
 * how processes share their clients. The application keeps values in socket.set, so that the values
 * move with the session to another process.
 */
import type { Server } from '../../src/realtime';
import type { Loose } from '../support/raw';

/** The time between two numbers that a client or a session's timer sends, ms. */
export const EVERY = Number(process.env.NUMBERS_EVERY ?? 100);

/**
 * Sends the numbers 1, 2, 3, … to each session. The numbers go on if the session moves to another
 * process. The application also sends back each number of a client. If a client tells all clients a
 * number, the application sends an even number to the room, and an odd number to all clients.
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
      // All clients are in the room. So each number reaches all clients.
      if (number % 2 === 0) io.sockets.to('room').emit('news', client, number);
      else io.sockets.emit('news', client, number);
    });
    socket.on('ask', (number: number, answer: (number: number) => void) => answer(number));
    // Redis has the message long before the timer runs out. So, as a rule, no other process handles
    // the message again.
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
