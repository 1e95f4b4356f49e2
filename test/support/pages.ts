/* Serves pages of Express and Socket.IO on one port, as in src/server.ts, with the code of a test. */
import express from 'express';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config';
import { Trust } from '../../src/iisnode';
import { createLog } from '../../src/log';
import { listen, Realtime, Server } from '../../src/realtime';
import { removePipe } from '../../tools/iis/system';

export interface Site {
  /** The port; 0 if the server listens on a pipe. */
  port: number;
  origin: string;
  /** The lines of the log so far, each with its level in front. */
  logged: string[];
  realtime: Realtime;
}

/**
 * Serves pages and Socket.IO until the test ends.
 * @param build a function that adds the pages and the handlers of the application
 * @param env the settings of the environment; PORT may name a pipe
 */
export function servePages(
  t: TestContext, build: (io: Server, pages: express.Express) => void,
  env: Record<string, string> = {},
): Site {
  const logged: string[] = [];
  const log = createLog('error');
  for (const level of ['error', 'warn'] as const) {
    log[level] = (...parts) => {
      const texts = parts.map(part => part instanceof Error ? part.message : String(part));
      logged.push(`${level} ${texts.join(' ')}`);
    };
  }
  const config = readConfig(env);
  const trust = new Trust(config);
  const pages = express();
  pages.use((req, _res, next) => {
    trust.trustHeaders(req);
    next();
  });
  pages.set('trust proxy', 1);
  const server = createServer(pages);
  const realtime = listen(server, { ...config, trust }, log);
  realtime.io.configure(() => {
    realtime.io.set('transports', config.transports);
    realtime.io.set('resource', config.resource);
  });
  build(realtime.io as Server, pages);
  server.listen(env.PORT ?? 0);
  t.after(() => {
    realtime.close();
    server.close();
    server.closeAllConnections();
    if (env.PORT) removePipe(env.PORT);
  });
  const at = server.address() as AddressInfo | string;
  const port = typeof at === 'string' ? 0 : at.port;
  return { port, origin: `http://localhost:${port}`, logged, realtime };
}
