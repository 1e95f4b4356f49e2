/*
 * The program that iisnode and npm start run: it reads the settings, wires the parts, and listens.
 * Your application is in app.ts, your pages are in pages.ts.
 */
import { createServer, RequestListener, Server } from 'http';
import type { AddressInfo } from 'net';
import path from 'path';
import { app } from './app';
import { cannotListen } from './cannot-listen';
import { Config, ConfigError, readConfig, SETTINGS } from './config';
import { lackingPromotion, Trust } from './iisnode';
import { createLog, Log } from './log';
import { misspelt } from './misspelt';
import { listen, MakeBackplane } from './realtime';
import { exitOnSignal } from './shutdown';
import { answerUnreadable } from './web/unreadable';

async function start(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  for (const line of misspelt(Object.keys(process.env), SETTINGS)) log.warn(line);
  const backplane = await joinOthers(config, log);

  // Socket.IO answers what is under its resource. All other requests are for the pages.
  const server = createServer((req, res) => loadPages()(req, res));
  const options = { ...config, trust: new Trust(config) };
  const realtime = listen(server, options, log, backplane);
  const { io } = realtime;
  io.configure(() => {
    io.set('transports', config.transports); // xhr-polling: IIS 7.5 has no WebSockets
    io.set('resource', config.resource); // as the rules in web.config have it
  });
  app(io);

  // Express is more than half of the start, and after a recycle it is Socket.IO's clients that come
  // first: it is loaded for the first page that is asked for, or when the start is over.
  let pages: RequestListener | undefined;
  const loadPages = () => {
    if (pages) return pages;
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { createPages } = require('./pages') as typeof import('./pages');
    pages = createPages(config, log, realtime);
    return pages;
  };

  prepareForIis(server, log);
  server.on('error', (error: NodeJS.ErrnoException) => {
    realtime.close();
    fail(cannotListen(error, config.port));
  });
  server.listen(config.port, () => {
    setTimeout(loadPages, 100);
    const at = server.address() as AddressInfo | string;
    const where = typeof at === 'string' ? `${at}, path ` : `http://localhost:${at.port}`;
    const transports = config.transports.join(', ');
    const how = `(node ${process.version}, transports ${transports})`;
    log.info(`listening on ${where}${config.appPath}/ ${how}`);
  });
  exitOnSignal(server, realtime.close, log);
}

/** A server behind iisnode needs these, and any other does not mind. */
function prepareForIis(server: Server, log: Log): void {
  // All headers reach us, as far as node's limit of bytes lets them in. By default node stops near
  // 1,000, and the last of all, which iisnode writes, would be missing behind those of a client
  // (iisnode.ts).
  server.maxHeadersCount = 0;
  answerUnreadable(server, log);

  // iisnode keeps its connections to us for 30 s (maxNamedPipePooledConnectionAge). If we close one
  // just as iisnode sends a request on it, the visitor gets a 500.1013: so we wait longer. node
  // wants headersTimeout to be longer still.
  server.keepAliveTimeout = 40000;
  server.headersTimeout = 45000;
}

/**
 * Where there are several processes (REDIS_URL), connects to what they share. One process does not
 * load what is for that.
 * @returns what Socket.IO shares with the other processes; undefined if there is one process
 * @throws ConfigError if Redis cannot be reached
 */
async function joinOthers(config: Config, log: Log): Promise<MakeBackplane | undefined> {
  const { redisUrl } = config;
  if (redisUrl === null) return undefined;
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { Cluster } = require('./realtime/cluster') as typeof import('./realtime/cluster');
  const cluster = new Cluster({ ...config, redisUrl }, log);
  try {
    await cluster.open();
  } catch (error) {
    const { message } = error as Error;
    const takes = `the address of a Redis that answers, version 5 or later (${message})`;
    // Not the address itself: it may have a password in it.
    throw new ConfigError('REDIS_URL', '…', takes);
  }
  return manager => cluster.attach(manager);
}

/** The process ends with exit code 1 and one line for whoever started it. */
function fail(line: string): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

const PROMOTION = 'AUTH_USER,HTTPS,REMOTE_ADDR at its end, as in the web.config that comes with '
  + 'this server: without them a client could say who and where he is';

async function main(): Promise<void> {
  try {
    const config = readConfig(process.env);
    const lacking = config.iisnode === null ? null : lackingPromotion(path.join(__dirname, '..'));
    if (lacking !== null) {
      throw new ConfigError('promoteServerVars of <iisnode>', lacking, PROMOTION);
    }
    await start(config);
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
}

// An exception in the program ends it, as it does in any other place.
main().catch((error: unknown) => setImmediate(() => { throw error; }));
