import type { ClientToServerEvents, ServerToClientEvents } from './events';
import type { Server } from './realtime';

/**
 * YOUR APPLICATION. Replace this function, the event names in events.ts, the page in public, and
 * their test, test/app.test.ts. This application answers every message, sends the message to
 * everyone else, and tells everyone the number of connected clients.
 */
export function app(io: Server<ClientToServerEvents, ServerToClientEvents>): void {
  io.sockets.on('connection', socket => {
    socket.on('message', (text, ack) => {
      socket.emit('response', 'Got it!');
      socket.broadcast.emit('message', text);
      if (typeof ack === 'function') ack(text);
    });
  });

  // This event comes at most once a second. If there are several processes, each tells its own
  // clients.
  io.on('clients', clients => io.sockets.local.emit('clients', clients));
}
