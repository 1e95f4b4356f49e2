/*
 * Socket.IO 0.9, set up as in the usual article on Socket.IO and IIS. Only LOG=off and REDIS_URL
 * are added.
 */
import { createServer } from 'node:http';
import path from 'node:path';
import type { Server } from '../../../src/realtime';
import { appPath, fromRoot, resource, root } from '../paths';
import { app } from './app';

const express = fromRoot('express') as () => Express;
const { listen } = fromRoot('socket.io') as { listen: (server: object, options: object) => Sample };

type Handler = (req: unknown, res: { sendFile: (file: string) => void }) => void;
interface Express {
  (req: unknown, res: unknown): void;
  get: (path: string, handler: Handler) => void;
}
interface Sample extends Server<any, any> {
  set(name: string, value: any): this;
}

const pages = express();
const server = createServer(pages);
const io = listen(server, process.env.LOG === 'off' ? { log: false } : {});

io.configure(() => {
  io.set('transports', ['xhr-polling']);
  io.set('resource', resource);
});
if (process.env.REDIS_URL) {
  const { createClient } = fromRoot('redis') as { createClient: (url: string) => object };
  const RedisStore = fromRoot('socket.io/lib/stores/redis') as new (options: object) => object;
  const connect = () => createClient(process.env.REDIS_URL!);
  const [redisPub, redisSub, redisClient] = [connect(), connect(), connect()];
  io.set('store', new RedisStore({ redisPub, redisSub, redisClient }));
}
const page = path.join(root, 'public', 'index.html');
pages.get(`${appPath}/`, (_req, res) => res.sendFile(page));
app(io);

server.listen(process.env.PORT);
