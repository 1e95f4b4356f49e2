import type { Server } from '../../../src/realtime';
import { Answers, app as talking, Events } from './app';

/** close timeout: the time for which the server waits for a client's next poll, s. Default: 60. */
export const GONE_AFTER = 5;

/** Adds the benchmark's handlers, and sends the number of clients to all, as the demo does. */
export function app(io: Server<Events, Answers & { clients: (count: number) => void }>): void {
  io.set('close timeout', GONE_AFTER);
  io.on('clients', count => io.sockets.emit('clients', count));
  talking(io);
}
