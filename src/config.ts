/*
 * Every setting: what it means, its default, what it takes. server.ts reads them, once; nothing
 * else asks the environment.
 */
import os from 'os';
import { PIPE } from './iisnode';
import { LOG_LEVELS, LogLevel } from './log';
import { readRange } from './web/addresses';

export const TRANSPORTS = ['websocket', 'xhr-polling'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

export interface Config {
  /** Where the application lives: '' at the root of a site, else '/app'. */
  appPath: string;
  /** Socket.IO's resource, the path its requests begin with: '/app/socket'. */
  resource: string;
  /** A TCP port, or the path of a named pipe or Unix socket. */
  port: number | string;
  transports: TransportName[];
  /**
   * Origins beside the server's own whose pages may connect, as browsers write them:
   * 'https://www.example.com'.
   */
  allowedOrigins: string[];
  /**
   * Addresses and ranges of proxies whose X-Forwarded-For and -Proto are believed; 'pipe' stands
   * for whatever opens PORT.
   */
  trustedProxies: string[];
  logLevel: LogLevel;
  /** The most that one POST of a client may carry, bytes. */
  maxMessageBytes: number;
  /** How many packets one POST may carry. */
  maxPackets: number;
  /** The most that may wait for a client that does not take it: characters, and 100 a packet. */
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

/** The names of all settings. */
export const SETTINGS = [
  'APP_PATH', 'PORT', 'TRANSPORTS', 'ALLOWED_ORIGINS', 'TRUSTED_PROXIES', 'LOG_LEVEL',
  'MAX_MESSAGE_BYTES', 'MAX_PACKETS', 'MAX_WAITING_BYTES', 'MAX_HANDSHAKES', 'MAX_CLIENTS',
  'SESSION_TIMEOUT', 'REDIS_URL',
] as const;
type Setting = (typeof SETTINGS)[number];

/** A setting that cannot be used. Its message is one line, made for the person who set it. */
export class ConfigError extends Error {
  /**
   * @param got the value that cannot be used
   * @param takes the values that can
   */
  constructor(name: string, got: string, takes: string) {
    super(`${name}: got ${JSON.stringify(got)}; takes ${takes}`);
  }
}

/** The values that a setting takes. */
interface Kind<T> {
  /** The values that can be used, for a person. */
  takes: string;
  /** @returns the value; undefined where the text is not one */
  parse: (text: string) => T | undefined;
}

/**
 * `readConfig` reads and checks every setting. Settings are environment variables: iisnode makes
 * one of each entry in web.config's <appSettings>. One that is missing or empty takes its default.
 * @param system the operating system as node names it: 'win32 6.1.7601' is the Windows of IIS 7.5
 * @throws ConfigError for the first setting that is not usable
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

  // It may have a password in it, and is not shown.
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
    // As much as a POST may carry in Socket.IO 4 by default. web.config's maxAllowedContentLength
    // stands just above it.
    maxMessageBytes: setting('MAX_MESSAGE_BYTES', '1000000', number(1000, 100000000, 'of bytes ')),
    // 0.9's client sends all that was emitted while a POST was under way in the next one.
    maxPackets: setting('MAX_PACKETS', '2000', number(1, 100000)),
    maxWaitingBytes: setting('MAX_WAITING_BYTES', '1000000', number(10000, 100000000, 'of bytes ')),
    // Each holds its request's headers, up to 16 KB.
    maxHandshakes: setting('MAX_HANDSHAKES', '2000', number(10, 100000)),
    // iisnode.yml lets more requests wait at once (maxConcurrentRequestsPerProcess): the messages
    // that these clients send need room, too.
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
// Windows 7 and Server 2008 R2. iisnode lets an upgrade through there, and for its answer, a 101,
// calls an interface that only IIS 8 has (SetupUpgrade in its cnodehttpstoredcontext.cpp): the
// worker process would be at risk.
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
 * Parts divided by commas. An empty text is an empty list.
 * @returns a function that returns undefined if one of the parts is no value
 */
function list<T>(parse: (text: string) => T | undefined): (text: string) => T[] | undefined {
  return text => {
    const parts = text.trim() === '' ? [] : text.split(',').map(part => parse(part.trim()));
    const values = parts.filter((part): part is T => part !== undefined);
    return values.length === parts.length ? values : undefined;
  };
}
