/*
 * The application of the delivery tests, in the place of src/app.ts. It runs in the server's
 * process, which a test may kill at any moment.
 */
import { openSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Server } from '../../../src/realtime';
import type { Loose } from '../../support/raw';

/** The time between two numbers of one side, ms. */
export const EVERY = 100;

/**
 * Sends each session the numbers 1, 2, 3, … with the session's name. Writes each number that is
 * sent or that arrives into a file of this process. It writes at once, so that a kill loses
 * nothing.
 */
export function app(io: Server<Loose, Loose>): void {
  // iisnode starts a process in the folder of its script, dist. The time is in the name because
  // Windows may give a new process the number of one that has ended.
  const file = openSync(path.join('..', `numbers-${process.pid}-${Date.now()}`), 'a');
  const note = (...parts: (string | number)[]) => writeSync(file, `${parts.join(' ')}\n`);
  note('started');

  io.sockets.on('connection', socket => {
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      note('out', socket.id, sent);
      socket.emit('number', socket.id, sent);
    }, EVERY);
    socket.on('number', (client: number, number: number) => note('in', client, number));
    socket.on('finish', (answer: (sent: number) => void) => {
      clearInterval(timer);
      answer(sent);
    });
    socket.on('who', (answer: (pid: number) => void) => answer(process.pid));
    socket.on('disconnect', () => clearInterval(timer));
  });
}
