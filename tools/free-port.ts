import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * The ports from which freePort chooses. No system gives one of these ports to a server that
 * listens on port 0, nor to a client. Linux begins at 32768 by default, Windows at 49152.
 */
const FIRST = 20000;
const LAST = 32767;

/**
 * Finds a port that nothing listens on. A server can listen on it later, or be started on it again:
 * in between, no other program of the tests gets the port by chance.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST + 1 - FIRST));
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
