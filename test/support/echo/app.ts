/*
 * An application for the tests of the template, in the place of src/app.ts: so they hold whatever a
 * user writes there. It answers every message, and tells all clients how many they are.
 */
import type { Server } from '../../../src/realtime';
import type { ClientToServerEvents, ServerToClientEvents } from './events';

export function app(io: Server<ClientToServerEvents, ServerToClientEvents>): void {
  io.sockets.on('connection', socket => {
    socket.on('message', (text, ack) => {
      socket.emit('response', 'Got it!');
      if (typeof ack === 'function') ack(text);
    });
  });
  io.on('clients', clients => io.sockets.local.emit('clients', clients));
}
