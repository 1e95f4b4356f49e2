/*
 * This file has all settings: their meanings, their defaults, and the values that they take.
 * server.ts reads the settings once. No other file reads the environment.
 */
import os from 'os';
import { PIPE } from './iisnode';
import { LOG_LEVELS, LogLevel } from './log';
import { readRange } from './web/addresses';

export const TRANSPORTS = ['websocket', 'xhr-polling'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

export interface Config {
  /** The path of the application: '' at the root of a site, otherwise a path such as '/app'. */
  appPath: string;
  /** Socket.IO's resource, the path that its requests begin with: '/app/socket'. */
  resource: string;
  /** A TCP port, or the path of a named pipe or Unix socket. */
  port: number | string;
  transports: TransportName[];
  /**
   * The other origins whose pages may connect, as browsers write them: 'https://www.example.com'.
   * Pages of the server's own origin always may.
   */
  allowedOrigins: string[];
  /**
   * Addresses and ranges of proxies whose X-Forwarded-For and -Proto are believed; 'pipe' stands
   * for all programs that open the pipe of PORT.
   */
  trustedProxies: string[];
  logLevel: LogLevel;
  /** The most that one POST of a client may carry, bytes. */
  maxMessageBytes: number;
  /** The largest number of packets in one POST. */
  maxPackets: number;
  /**
   * The largest size of the packets that wait for a client that takes none of them: their
   * characters, and 100 for each packet.
   */
  maxWaitingBytes: number;
  /** The largest number of handshakes that wait to be used. */
  maxHandshakes: number;
  /** The largest number of clients, together with unused handshakes. */
  maxClients: number;
  /** The time for which a session outlasts its connection, s. */
  sessionTimeout: number;
  /** The Redis that several processes share, null if there is one process. */
  redisUrl: string | null;
  /** The version of iisnode that started this process, null outside IIS. */
  iisnode: string | null;
}

/** The names of all settings. */
export const SETTINGS = [
  'APP_PATH', 'PORT', 'TRANSPORTS', 'ALLOWED_ORIGINS', 'TRUSTED_PROXIES', 'LOG_LEVEL',
  'MAX_MESSAGE_BYTES', 'MAX_PACKETS', 'MAX_WAITING_BYTES', 'MAX_HANDSHAKES', 'MAX_CLIENTS',
  'SESSION_TIMEOUT', 'REDIS_URL',
] as const;
type Setting = (typeof SETTINGS)[number];

/** The error for a setting that cannot be used. Its message is one line for a person. */
export class ConfigError extends Error {
  /**
   * @param got the value that cannot be used
   * @param takes the values that can be used
   */
  constructor(name: string, got: string, takes: string) {
    super(`${name}: got ${JSON.stringify(got)}; takes ${takes}`);
  }
}

/** The values that a setting takes. */
interface Kind<T> {
  /** The values that can be used, for a person. */
  takes: string;
  /** @returns the value; undefined if the text cannot be used */
  parse: (text: string) => T | undefined;
}

/**
 * Reads and checks every setting. Settings are environment variables: iisnode makes one of each
 * entry in web.config's <appSettings>. A setting that is missing or empty has its default.
 * @param system the operating system as node names it: 'win32 6.1.7601' is the Windows of IIS 7.5
 * @throws ConfigError for the first setting that cannot be used
 */
export function readConfig(
  env: NodeJS.ProcessEnv, system = `${process.platform} ${os.release()}`,
): Config {
  const setting = <T>(name: Setting, byDefault: string, { takes, parse }: Kind<T>): T => {
    const text = (env[name] || '').trim() || byDefault;
    const value = parse(text);
    if (value === undefined) throw new ConfigError(name, text, takes);
    return value;
  };

  // The address may have a password in it, so the error does not show it.
  const redisUrl = (env.REDIS_URL || '').trim();
  if (redisUrl !== '' && !/^rediss?:\/\/[^\s/]/.test(redisUrl)) {
    const takes = 'the address of a Redis, such as redis://:password@server:6379';
    throw new ConfigError('REDIS_URL', '…', takes);
  }

  const appPath = setting('APP_PATH', '/myApp', PATH);
  const transports = system.startsWith('win32 6.1.') ? POLLING : ALL_TRANSPORTS;
  return {
    appPath,
    resource: `${appPath}/socket`,
    port: setting('PORT', '3000', PORT),
    transports: setting('TRANSPORTS', 'xhr-polling', transports),
    allowedOrigins: setting('ALLOWED_ORIGINS', '', ORIGINS),
    trustedProxies: setting('TRUSTED_PROXIES', '', PROXIES),
    logLevel: setting('LOG_LEVEL', 'info', LEVEL),
    // The default is that of Socket.IO 4. web.config's maxAllowedContentLength is a little larger.
    maxMessageBytes: setting('MAX_MESSAGE_BYTES', '1000000', number(1000, 100000000, 'of bytes ')),
    // While a POST is under way, 0.9's client collects all emitted packets for the next POST.
    maxPackets: setting('MAX_PACKETS', '2000', number(1, 100000)),
    maxWaitingBytes: setting('MAX_WAITING_BYTES', '1000000', number(10000, 100000000, 'of bytes ')),
    // Each handshake holds its request's headers, up to 16 KB.
    maxHandshakes: setting('MAX_HANDSHAKES', '2000', number(10, 100000)),
    // iisnode.yml lets more requests than this wait at once (maxConcurrentRequestsPerProcess),
    // because the messages that these clients send need room, too.
    maxClients: setting('MAX_CLIENTS', '10000', number(1, 1000000)),
    sessionTimeout: setting('SESSION_TIMEOUT', '120', number(10, 86400, 'of seconds ')),
    redisUrl: redisUrl || null,
    iisnode: env.IISNODE_VERSION || null,
  };
}

const PATH: Kind<string> = {
  takes: 'a path with no slash at its end, such as /app or /tools/app, or / for the root of a site',
  parse(text) {
    if (text === '/') return '';
    return /^(\/[\w.~-]*[\w~-])+$/.test(text) ? text : undefined;
  },
};

const PORT: Kind<number | string> = {
  takes: 'a port from 0 to 65535, or the path of a named pipe or Unix socket',
  parse(text) {
    if (/^\d+$/.test(text)) return Number(text) <= 65535 ? Number(text) : undefined;
    return /[\\/]/.test(text) ? text : undefined;
  },
};

const ALL_TRANSPORTS: Kind<TransportName[]> = {
  takes: `a list of ${TRANSPORTS.join(', ')}`,
  parse: list(oneOf(TRANSPORTS)),
};
// For Windows 7 and Server 2008 R2. There iisnode lets an upgrade through, and for the answer, a
// 101, calls an interface that only IIS 8 has (SetupUpgrade in its cnodehttpstoredcontext.cpp). So
// a WebSocket would put the worker process at risk.
const POLLING: Kind<TransportName[]> = {
  takes: 'xhr-polling on this Windows (6.1): its IIS, 7.5, has no WebSockets',
  parse: list(oneOf(['xhr-polling'])),
};

const ORIGINS: Kind<string[]> = {
  takes: 'origins, divided by commas, with nothing after the host: '
    + 'https://www.example.com,http://localhost:8080',
  parse: list(origin),
};

const PROXIES: Kind<string[]> = {
  takes: `addresses or ranges, divided by commas: 10.1.2.3,10.2.0.0/16,fd00::/8; or ${PIPE}`,
  parse: list(proxy),
};

const LEVEL: Kind<LogLevel> = {
  takes: `one of ${LOG_LEVELS.join(', ')}`,
  parse: oneOf(LOG_LEVELS),
};

function number(least: number, most: number, unit = ''): Kind<number> {
  return {
    takes: `a number ${unit}from ${least} to ${most}`,
    parse(text) {
      const value = /^\d+$/.test(text) ? Number(text) : NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}

/** @returns an origin as browsers write it in the Origin header: lower case, no default port */
function origin(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@*\\]+$/i.test(text)) return undefined;
  try {
    return new URL(text).origin;
  } catch {
    return undefined;
  }
}

function proxy(text: string): string | undefined {
  return text.toLowerCase() === PIPE ? PIPE : readRange(text) && text;
}

function oneOf<T extends string>(all: readonly T[]): (text: string) => T | undefined {
  return text => all.find(one => one === text.toLowerCase());
}

/**
 * Makes a function that reads a list of values, divided by commas. An empty text is an empty list.
 * @returns the function, which returns undefined if one of the parts is no value
 */
function list<T>(parse: (text: string) => T | undefined): (text: string) => T[] | undefined {
  return text => {
    const parts = text.trim() === '' ? [] : text.split(',').map(part => parse(part.trim()));
    const values = parts.filter((part): part is T => part !== undefined);
    return values.length === parts.length ? values : undefined;
  };
}
