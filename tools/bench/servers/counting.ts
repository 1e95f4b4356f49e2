import type { Server } from '../../../src/realtime';
import { Answers, app as talking, Events } from './app';

/** How long a client that is gone is waited for, s. By default it is 60. */
export const GONE_AFTER = 5;

/** The application of the benchmark, which tells everybody how many they are, as the demo does. */
export function app(io: Server<Events, Answers & { clients: (count: number) => void }>): void {
  io.set('close timeout', GONE_AFTER);
  io.on('clients', count => io.sockets.emit('clients', count));
  talking(io);
}
