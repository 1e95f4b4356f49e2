import type { RequestHandler } from 'express';
import type { Server } from '../../../src/realtime';

interface In { who: (answer: (user: string) => void) => void }
interface Out { came: (user: string) => void }

/** For pages, too: pages.use(windowsUser). */
export const windowsUser: RequestHandler = (req, _res, next) => {
  // 'DOMAIN\\name', by IIS's word: a visitor cannot write this header himself.
  Object.assign(req, { user: req.headers['x-iisnode-auth_user'] });
  next();
};

export function app(io: Server<In, Out>): void {
  io.use(windowsUser);
  io.set('authorization', (handshake, accept) => {
    accept(null, handshake.user !== undefined, { reason: 'Windows authentication is off' });
  });
  io.sockets.on('connection', socket => {
    const user = socket.handshake.user as string;
    socket.broadcast.emit('came', user);
    socket.on('who', answer => answer(user));
  });
}
