/*
 * The floor for WebSockets: a bare server of the project's own package ws. It sends each message
 * back unchanged.
 */
import { fromRoot } from '../paths';

const { WebSocketServer } = fromRoot('ws') as typeof import('ws');

const server = new WebSocketServer({
  port: Number(process.env.PORT),
  perMessageDeflate: false,
  clientTracking: false,
});

server.on('connection', socket => {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
