/* Socket.IO 4, restricted to polling, or to what TRANSPORTS says. */
import { createServer } from 'node:http';
import { fromPeers } from '../paths';
import { app } from './app';

const { Server } = fromPeers('socket.io') as { Server: new (server: object, options: object) => Parameters<typeof app>[0] };

const server = createServer((_req, res) => res.writeHead(404).end());
app(new Server(server, { transports: [process.env.TRANSPORTS ?? 'polling'], serveClient: false }));
server.listen(process.env.PORT);
