/* What iisnode and npm start run: reads the settings, wires the parts, listens. Your application is in app.ts, your pages in pages.ts. */
import { createServer, IncomingMessage, RequestListener, ServerOptions } from 'http';
import type { AddressInfo } from 'net';
import path from 'path';
import type { Duplex } from 'stream';
import { app } from './app';
import { Config, ConfigError, readConfig } from './config';
import { lackingPromotion } from './iisnode';
import { createLog, Log } from './log';
import { asksForWebSocket, createRealtime } from './realtime';
import type { Cluster } from './realtime/cluster';
import { exitOnSignal } from './shutdown';
import { toPath } from './web/target';
import { answerUnreadable } from './web/unreadable';

async function start(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const cluster = config.redisUrl === null ? null : await joinCluster(config, config.redisUrl, log);
  const realtime = createRealtime(config, log, cluster ? manager => cluster.attach(manager) : undefined);
  app(realtime.io);

  // Express is more than half of the start, and after a recycle it is Socket.IO's clients that come first: it is loaded for the
  // first page that is asked for, or when the start is over.
  let pages: RequestListener | undefined;
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const loadPages = () => pages || (pages = (require('./pages') as typeof import('./pages')).createPages(config, log, realtime));

  const webSockets = config.transports.includes('websocket');
  // From 24.9 on node asks which requests are for the listener of 'upgrade'. Older ones hand it all
  // that ask for anything, h2c for example, and it gives back the others (realtime/upgrades.ts).
  const options = webSockets ? { shouldUpgradeCallback: asksForWebSocket } as ServerOptions : {};
  const server = createServer(options, (req, res) => {
    toPath(req);
    if (realtime.owns(req)) {
      realtime.handle(req, res);
      return;
    }
    loadPages()(req, res);
  });
  if (webSockets) {
    server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
      toPath(req);
      realtime.upgrade.call(server, req, socket, head);
    });
  }

  // All headers reach us, as far as node's limit of bytes lets them in. By default node stops near 1,000, and the last of
  // all, which iisnode writes, would be missing behind those of a client (iisnode.ts).
  server.maxHeadersCount = 0;
  answerUnreadable(server, log);

  // iisnode keeps its connections to us for 30 s (maxNamedPipePooledConnectionAge). If we close one just as it sends a
  // request on it, the visitor gets a 500.1013: so we wait longer. node wants headersTimeout to be longer still.
  server.keepAliveTimeout = 40000;
  server.headersTimeout = 45000;

  server.on('error', (error: NodeJS.ErrnoException) => {
    realtime.close();
    fail(new ConfigError('PORT', String(config.port), `a port or path that can be listened on (${error.code || error.message})`).message);
  });
  server.listen(config.port, () => {
    const at = server.address() as AddressInfo | string;
    const where = typeof at === 'string' ? `${at}, path ` : `http://localhost:${at.port}`;
    setTimeout(loadPages, 100);
    log.info(`listening on ${where}${config.appPath}/ (node ${process.version}, transports ${config.transports.join(', ')})`);
  });
  exitOnSignal(server, realtime.close, log);
}

/** Ends the process with exit code 1 and one line for whoever started it. */
function fail(line: string): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

/** Several processes share their clients by Redis. One does not load what is for that. */
async function joinCluster(config: Config, redisUrl: string, log: Log): Promise<Cluster> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { Cluster } = require('./realtime/cluster') as typeof import('./realtime/cluster');
  const cluster = new Cluster({ ...config, redisUrl }, log);
  try {
    await cluster.open();
  } catch (error) {
    const takes = `the address of a Redis that answers, version 5 or later (${(error as Error).message})`;
    // Not the address itself: it may have a password in it.
    throw new ConfigError('REDIS_URL', '…', takes);
  }
  return cluster;
}

const PROMOTION = 'AUTH_USER,HTTPS,REMOTE_ADDR at its end, as in the web.config that comes with this server: '
  + 'without them a client could say who and where he is';

async function main(): Promise<void> {
  try {
    const config = readConfig(process.env);
    const lacking = config.iisnode === null ? null : lackingPromotion(path.join(__dirname, '..'));
    if (lacking !== null) throw new ConfigError('promoteServerVars of <iisnode>', lacking, PROMOTION);
    await start(config);
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
}

// What is wrong in the program ends it, as an exception does.
main().catch((error: unknown) => setImmediate(() => { throw error; }));
