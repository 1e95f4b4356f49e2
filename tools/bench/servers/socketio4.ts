/* Socket.IO 4 with one transport: polling, or the transport that TRANSPORTS names. */
import { createServer } from 'node:http';
import { fromPeers } from '../paths';
import { app } from './app';

type Io = Parameters<typeof app>[0];
const { Server } = fromPeers('socket.io') as {
  Server: new (server: object, options: object) => Io;
};

const server = createServer((_req, res) => res.writeHead(404).end());
app(new Server(server, { transports: [process.env.TRANSPORTS ?? 'polling'], serveClient: false }));
server.listen(process.env.PORT);
