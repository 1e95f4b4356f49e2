/* Socket.IO 0.9 as the usual article on it and IIS sets it up. LOG=off and REDIS_URL are what it does not do. */
import { createServer } from 'node:http';
import path from 'node:path';
import type { Server } from '../../../src/realtime';
import { appPath, fromRoot, resource, root } from '../paths';
import { app } from './app';

const express = fromRoot('express') as () => Express;
const { listen } = fromRoot('socket.io') as { listen: (server: object, options: object) => Sample };

interface Express {
  (req: unknown, res: unknown): void;
  get: (path: string, handler: (req: unknown, res: { sendFile: (file: string) => void }) => void) => void;
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
  const [redisPub, redisSub, redisClient] = [0, 1, 2].map(() => createClient(process.env.REDIS_URL!));
  io.set('store', new RedisStore({ redisPub, redisSub, redisClient }));
}
pages.get(`${appPath}/`, (_req, res) => res.sendFile(path.join(root, 'public', 'index.html')));
app(io);

server.listen(process.env.PORT);
