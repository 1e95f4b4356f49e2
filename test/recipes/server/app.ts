import type { Server } from '../../../src/realtime';

export interface Out { news: (text: string) => void }

export function app(io: Server<{}, Out>): void {
  io.sockets.on('connection', socket => socket.join('readers'));
}
