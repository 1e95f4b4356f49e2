import compression from 'compression';
import express from 'express';
import path from 'path';
import type { Config } from './config';
import { serveFiles } from './web/files';
import { Trust } from './iisnode';
import type { Log } from './log';
import type { Realtime } from './realtime';

/**
 * Makes Express, which answers all requests that are not for Socket.IO. Add your own pages and
 * routes to `pages`, before the static files.
 * @param realtime the number of clients, and whether Redis answers. `realtime.io` is the `io` of
 * app.ts, so that a route can emit
 */
export function createPages(
  config: Config, log: Log, realtime: Pick<Realtime, 'clients' | 'redis' | 'io'>,
): express.Express {
  const root = config.appPath || '/';
  const home = config.appPath + '/';
  const app = express();
  app.disable('x-powered-by');
  // trustHeaders removes X-Forwarded-For and -Proto if they cannot be believed, so Express can
  // believe them. req.ip is the client's address. req.protocol and req.secure say how the client
  // came.
  const trust = new Trust(config);
  app.use((req, _res, next) => {
    trust.trustHeaders(req);
    next();
  });
  app.set('trust proxy', 1);
  app.use(compression({ filter: compresses }));

  const pages = express.Router();
  app.use(root, pages);
  if (root !== home) app.get('/', (_req, res) => res.redirect(home));

  pages.get('/health', (_req, res) => {
    res.set('Cache-Control', 'no-store').json({
      status: 'ok',
      uptime: Math.round(process.uptime()),
      clients: realtime.clients(),
      redis: realtime.redis(),
      pid: process.pid,
      node: process.version,
      iisnode: config.iisnode,
    });
  });

  // The script has a fixed path, and not one from require.resolve: in a package, this file is all
  // that is left of socket.io-client.
  const modules = path.join(__dirname, '..', 'node_modules');
  const script = path.join(modules, 'socket.io-client', 'dist', 'socket.io.min.js');
  pages.get('/socket/socket.io.js', (_req, res) => {
    // A compressed file is sent whole: web/files.ts says why.
    res.sendFile(script, { maxAge: '1 day', acceptRanges: false });
  });

  pages.use(serveFiles(path.join(__dirname, '..', 'public')));

  app.use((_req, res) => {
    res.status(404).type('text').send(`Not found. The application is at ${home}`);
  });
  const failed: express.ErrorRequestHandler = (error, req, res, next) => {
    // A status of 4xx is the sender's mistake, such as a path that is not UTF-8.
    const status = error.status >= 400 && error.status < 500 ? error.status : 500;
    if (status === 500) log.error(req.method, req.url, error);
    if (res.headersSent) return next(error);
    const text = status === 500 ? 'Something went wrong. The log says what.' : 'Bad request.';
    res.status(status).type('text').send(text);
  };
  app.use(failed);
  return app;
}

/**
 * Says whether an answer is compressed. A part of a file is not: its place and its ETag belong to
 * the plain bytes, and a client would put compressed bytes among them.
 */
function compresses(req: express.Request, res: express.Response): boolean {
  if (res.statusCode === 206 || res.getHeader('Content-Range')) return false;
  if (!compression.filter(req, res)) return false;
  // The answer to HEAD has no body to compress. Its Content-Length would have to be the length of
  // GET's body (RFC 9110, 8.6), which is known only after the compression.
  if (req.method === 'HEAD') res.removeHeader('Content-Length');
  return true;
}
