/*
 * This is the program that iisnode and npm start run. It reads the settings, wires the parts, and
 * listens. Your application is in app.ts, your pages are in pages.ts.
 */
import { createServer, RequestListener, Server } from 'http';
import type { AddressInfo } from 'net';
import path from 'path';
import { app } from './app';
import { cannotListen } from './cannot-listen';
import { Config, ConfigError, readConfig, SETTINGS } from './config';
import { lackingPromotion, leavesWebSockets, Trust } from './iisnode';
import { createLog, Log } from './log';
import { misspelt } from './misspelt';
import { listen, MakeBackplane } from './realtime';
import { exitOnSignal } from './shutdown';
import { answerUnreadable } from './web/unreadable';

/** The folder of web.config. This file runs as dist/server.js. */
const FOLDER = path.join(__dirname, '..');

async function start(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  for (const line of misspelt(Object.keys(process.env), SETTINGS)) log.warn(line);
  const backplane = await joinOthers(config, log);

  // Socket.IO answers the requests under its resource. All other requests are for the pages.
  const server = createServer((req, res) => loadPages()(req, res));
  const options = { ...config, trust: new Trust(config) };
  const realtime = listen(server, options, log, backplane);
  const { io } = realtime;
  io.configure(() => {
    io.set('transports', config.transports); // xhr-polling: IIS 7.5 has no WebSockets
    io.set('resource', config.resource); // the rules in web.config have the same path
  });
  app(io);
  if (config.iisnode !== null) warnOfWebSockets(config, io.get('transports'), log);

  // Express takes more than half of the time of the start, and Socket.IO's clients come first after
  // a recycle. So Express is loaded for the first request of a page, or when the start is over.
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

/** Sets the limits that a server behind iisnode needs. They do no harm to any other server. */
function prepareForIis(server: Server, log: Log): void {
  // 0 lets all headers reach us that node's limit of bytes lets in. By default node stops near
  // 1,000 headers. Then iisnode's headers, which are the last (iisnode.ts), could be missing behind
  // a client's.
  server.maxHeadersCount = 0;
  answerUnreadable(server, log);

  // iisnode keeps its connections to us for 30 s (maxNamedPipePooledConnectionAge). If we close a
  // connection just as iisnode sends a request on it, the visitor gets a 500.1013. So we wait
  // longer. node needs a headersTimeout that is longer still.
  server.keepAliveTimeout = 40000;
  server.headersTimeout = 45000;
}

/**
 * Connects to Redis if several processes share it (REDIS_URL). A single process does not even load
 * the code for Redis.
 * @returns a function that makes the backplane; undefined if there is one process
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
    // The error does not show the address, because it may have a password in it.
    throw new ConfigError('REDIS_URL', '…', takes);
  }
  return manager => cluster.attach(manager);
}

/**
 * Warns if the application itself offers WebSockets, and web.config does not prepare IIS for them.
 * An application that comes from another host often has such a line. config.ts refuses the same in
 * TRANSPORTS.
 * @param offered the transports that io.set has offered
 */
function warnOfWebSockets(config: Config, offered: readonly string[], log: Log): void {
  const isOwn = offered.includes('websocket') && !config.transports.includes('websocket');
  if (!isOwn || leavesWebSockets(FOLDER)) return;
  log.warn(`io.set('transports', ${JSON.stringify(offered)}): delete this line of the application. `
    + 'IIS 7.5 has no WebSockets. On a later IIS, web.config needs two lines for them: '
    + 'docs/websockets.md');
}

/** Ends the process with exit code 1, and with one line for the person who has started it. */
function fail(line: string): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}

const PROMOTION = 'AUTH_USER,HTTPS,REMOTE_ADDR at its end, as in the web.config that comes with '
  + 'this server: without them a client could say who and where he is';

async function main(): Promise<void> {
  try {
    const config = readConfig(process.env);
    const lacking = config.iisnode === null ? null : lackingPromotion(FOLDER);
    if (lacking !== null) {
      throw new ConfigError('promoteServerVars of <iisnode>', lacking, PROMOTION);
    }
    await start(config);
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
}

// An exception in main() ends the process, as an exception in any other place does.
main().catch((error: unknown) => setImmediate(() => { throw error; }));
