/* Every setting: what it means, its default, what it takes. server.ts reads them, once; nothing else asks the environment. */
import os from 'os';
import { readRange } from './web/addresses';
import { PIPE } from './iisnode';
import { LOG_LEVELS, LogLevel } from './log';

export const TRANSPORTS = ['websocket', 'xhr-polling'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface Config {
  /** Where the application lives: '' at the root of a site, else '/app'. */
  appPath: string;
  /** Socket.IO's resource, the path its requests begin with: '/app/socket'. */
  resource: string;
  /** A TCP port, or the path of a named pipe or Unix socket. */
  port: number | string;
  transports: Transport[];
  /** Origins beside the server's own whose pages may connect, as browsers write them: 'https://www.example.com'. */
  allowedOrigins: string[];
  /** Addresses and ranges of proxies whose X-Forwarded-For and -Proto are believed; 'pipe' for whatever opens PORT. */
  trustedProxies: string[];
  logLevel: LogLevel;
  /** The most that one POST of a client may carry. */
  maxMessageBytes: number;
  /** How many packets one POST may carry. */
  maxPackets: number;
  /** The most that may wait for a client that does not take it: characters, and 100 for each packet. */
  maxWaitingBytes: number;
  /** How many handshakes may wait to be used. */
  maxHandshakes: number;
  /** How many clients there may be, with their handshakes. */
  maxClients: number;
  /** How long a session outlives its connection, s. */
  sessionTimeout: number;
  /** The Redis that several processes share, null if there is one process. */
  redisUrl: string | null;
  /** The version of iisnode that started this process, null outside IIS. */
  iisnode: string | null;
}

/** A setting that cannot be used. Its message is one line, made for the person who set it. */
export class ConfigError extends Error {
  constructor(name: string, got: string, takes: string) {
    super(`${name}: got ${JSON.stringify(got)}; takes ${takes}`);
  }
}

/**
 * Reads and checks every setting. They are environment variables: iisnode makes one of each entry in web.config's
 * <appSettings>. One that is missing or empty takes its default.
 * @param system the operating system as node names it: 'win32 6.1.7601' is the Windows of IIS 7.5
 * @throws ConfigError for the first setting that is not usable
 */
export function readConfig(env: NodeJS.ProcessEnv, system = `${process.platform} ${os.release()}`): Config {
  /** `parse` gives the value, or undefined where the text is not one. */
  const setting = <T>(name: string, otherwise: string, takes: string, parse: (text: string) => T | undefined): T => {
    const text = (env[name] || '').trim() || otherwise;
    const value = parse(text);
    if (value === undefined) throw new ConfigError(name, text, takes);
    return value;
  };

  // It may have a password in it, and is not shown.
  const redisUrl = (env.REDIS_URL || '').trim();
  if (redisUrl !== '' && !/^rediss?:\/\/[^\s/]/.test(redisUrl)) {
    throw new ConfigError('REDIS_URL', '…', 'the address of a Redis, such as redis://:password@server:6379');
  }

  const appPath = setting('APP_PATH', '/myApp', 'a path with no slash at its end, such as /app or /tools/app, or / for the root of a site', path);
  return {
    appPath,
    resource: `${appPath}/socket`,
    port: setting('PORT', '3000', 'a port from 0 to 65535, or the path of a named pipe or Unix socket', port),
    transports: system.startsWith('win32 6.1.')
      ? setting('TRANSPORTS', 'xhr-polling', NO_WEBSOCKETS, list(oneOf(['xhr-polling'])))
      : setting('TRANSPORTS', 'xhr-polling', `a list of ${TRANSPORTS.join(', ')}`, list(oneOf(TRANSPORTS))),
    allowedOrigins: setting('ALLOWED_ORIGINS', '', 'origins, divided by commas, with nothing after the host: https://www.example.com,http://localhost:8080', list(origin)),
    trustedProxies: setting('TRUSTED_PROXIES', '', PROXIES, list(proxy)),
    logLevel: setting('LOG_LEVEL', 'info', `one of ${LOG_LEVELS.join(', ')}`, oneOf(LOG_LEVELS)),
    // What a POST may carry in Socket.IO 4 by default. web.config's maxAllowedContentLength stands just above it.
    maxMessageBytes: setting('MAX_MESSAGE_BYTES', '1000000', 'a number of bytes from 1000 to 100000000', number(1e3, 1e8)),
    // 0.9's client sends all that was emitted while a POST was under way in the next one.
    maxPackets: setting('MAX_PACKETS', '2000', 'a number from 1 to 100000', number(1, 1e5)),
    maxWaitingBytes: setting('MAX_WAITING_BYTES', '1000000', 'a number of bytes from 10000 to 100000000', number(1e4, 1e8)),
    // Each holds its request's headers, up to 16 KB.
    maxHandshakes: setting('MAX_HANDSHAKES', '2000', 'a number from 10 to 100000', number(10, 1e5)),
    // iisnode.yml lets more requests wait at once (maxConcurrentRequestsPerProcess): what these clients send needs room, too.
    maxClients: setting('MAX_CLIENTS', '10000', 'a number from 1 to 1000000', number(1, 1e6)),
    sessionTimeout: setting('SESSION_TIMEOUT', '120', 'a number of seconds from 10 to 86400', number(10, 86400)),
    redisUrl: redisUrl || null,
    iisnode: env.IISNODE_VERSION || null,
  };
}

// Windows 7 and Server 2008 R2. iisnode lets an upgrade through there, and for its answer, a 101, calls an interface
// that only IIS 8 has (SetupUpgrade in its cnodehttpstoredcontext.cpp): the worker process would be at risk.
const NO_WEBSOCKETS = 'xhr-polling on this Windows (6.1): its IIS, 7.5, has no WebSockets';

const PROXIES = `addresses or ranges, divided by commas: 10.1.2.3,10.2.0.0/16,fd00::/8; or ${PIPE}`;

function proxy(text: string): string | undefined {
  return text.toLowerCase() === PIPE ? PIPE : readRange(text) && text;
}

function path(text: string): string | undefined {
  if (text === '/') return '';
  return /^(\/[\w.~-]*[\w~-])+$/.test(text) ? text : undefined;
}

function port(text: string): number | string | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= 65535 ? Number(text) : undefined;
  return /[\\/]/.test(text) ? text : undefined;
}

function number(least: number, most: number): (text: string) => number | undefined {
  return text => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined;
}

/** As browsers write it in the Origin header: lower case, no default port, no path. */
function origin(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@*\\]+$/i.test(text)) return undefined;
  try {
    return new URL(text).origin;
  } catch {
    return undefined;
  }
}

function oneOf<T extends string>(all: readonly T[]): (text: string) => T | undefined {
  return text => all.find(one => one === text.toLowerCase());
}

/** Parts divided by commas; undefined if one of them is no value. An empty text is an empty list. */
function list<T>(parse: (text: string) => T | undefined): (text: string) => T[] | undefined {
  return text => {
    const parts = text.trim() === '' ? [] : text.split(',').map(part => parse(part.trim()));
    const values = parts.filter((part): part is T => part !== undefined);
    return values.length === parts.length ? values : undefined;
  };
}
