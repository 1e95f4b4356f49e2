/* Every setting: what it means, its default, what it takes. server.ts reads them, once; nothing else asks the environment. */
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
  logLevel: LogLevel;
  /** The most that one POST of a client may carry. */
  maxMessageBytes: number;
  /** How many packets one POST may carry. */
  maxPackets: number;
  /** The most that may wait for a client that does not poll, characters. */
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
 * @throws ConfigError for the first setting that is not usable
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
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
    transports: setting('TRANSPORTS', 'xhr-polling', `a list of ${TRANSPORTS.join(', ')}`, list(oneOf(TRANSPORTS))),
    allowedOrigins: setting('ALLOWED_ORIGINS', '', 'origins, divided by commas, with nothing after the host: https://www.example.com,http://localhost:8080', list(origin)),
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
