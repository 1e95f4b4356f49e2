import type { ClientToServerEvents, ServerToClientEvents } from './events';
import type { Server } from './realtime';

/**
 * YOUR APPLICATION. Replace this function, the event names in events.ts, and the page in public:
 * nothing else has to change. This application answers every message, sends it to everyone else,
 * and tells everyone how many clients are connected.
 */
export function app(io: Server<ClientToServerEvents, ServerToClientEvents>): void {
  io.sockets.on('connection', socket => {
    socket.on('message', (text, ack) => {
      socket.emit('response', 'Got it!');
      socket.broadcast.emit('message', text);
      if (typeof ack === 'function') ack(text);
    });
  });

  // At most once a second. Where there are several processes, each tells its own clients.
  io.on('clients', clients => io.sockets.local.emit('clients', clients));
}
