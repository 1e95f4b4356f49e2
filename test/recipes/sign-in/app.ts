import type { Server } from '../../../src/realtime';
import { signIn } from './sign-in';

interface In { whisper: (to: string, text: string) => void }
interface Out { whispered: (from: string, text: string) => void }

export const roomOf = (user: string) => `user:${user}`;

export function app(io: Server<In, Out>): void {
  io.use(signIn);
  io.set('authorization', (handshake, accept) => {
    handshake.user = handshake.session.user;
    accept(null, handshake.user !== undefined, { reason: 'please sign in' });
  });
  io.sockets.on('connection', socket => {
    const user = socket.handshake.user as string;
    socket.join(roomOf(user));
    socket.on('whisper', (to, text) => {
      // The event reaches all tabs of the other user and of the sender.
      for (const one of [to, user]) io.sockets.in(roomOf(one)).emit('whispered', user, text);
    });
  });
}
