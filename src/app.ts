import type { ClientToServerEvents, ServerToClientEvents } from './events';
import type { Server } from './realtime';

/**
 * YOUR APPLICATION. Replace what is in here, the event names in events.ts, and the page in public: nothing else has to change.
 * This one answers every message and tells everyone how many are connected.
 */
export function app(io: Server<ClientToServerEvents, ServerToClientEvents>): void {
  let clients = 0;

  io.sockets.on('connection', socket => {
    clients += 1;
    io.sockets.emit('clients', clients);

    socket.on('message', (text, ack) => {
      socket.emit('response', 'Got it!');
      if (typeof ack === 'function') ack(text);
    });

    socket.on('disconnect', () => {
      clients -= 1;
      io.sockets.emit('clients', clients);
    });
  });
}
