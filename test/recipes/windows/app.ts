import type { RequestHandler } from 'express';
import type { Server } from '../../../src/realtime';

interface In { who: (answer: (user: string) => void) => void }
interface Out { came: (user: string) => void }

/** Pages can use this middleware, too: pages.use(windowsUser). */
export const windowsUser: RequestHandler = (req, _res, next) => {
  // IIS writes this header, 'DOMAIN\\name'. A visitor cannot write it.
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
