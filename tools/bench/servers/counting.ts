import type { Server } from '../../../src/realtime';
import { Answers, app as talking, Events } from './app';

/** close timeout: the server waits so long for the next poll of a client, in s. Default: 60. */
export const GONE_AFTER = 5;

/** The application of the benchmark that also sends the number of clients to all, as the demo. */
export function app(io: Server<Events, Answers & { clients: (count: number) => void }>): void {
  io.set('close timeout', GONE_AFTER);
  io.on('clients', count => io.sockets.emit('clients', count));
  talking(io);
}
