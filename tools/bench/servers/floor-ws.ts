/* The least that can be done over WebSockets: a bare server of the ws that this project has, which sends each message back as it came. */
import { fromRoot } from '../paths';

const { WebSocketServer } = fromRoot('ws') as typeof import('ws');

new WebSocketServer({ port: Number(process.env.PORT), perMessageDeflate: false, clientTracking: false }).on('connection', socket => {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
