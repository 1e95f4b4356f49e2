/**
 * What this folder builds on of socket.io 0.9.19: its settings and namespaces. Its transports, its
 * reading and writing of packets and its bookkeeping are not used: they are where a client can end the process, where what was
 * sent is lost, and where the time goes. The release line is frozen, so these do not move; nothing outside this folder may use them.
 */
/* eslint-disable @typescript-eslint/no-require-imports -- 0.9 has no types to import */
import type { EventEmitter } from 'events';
import Module from 'module';

type Events = EventEmitter;
type Handler = (...args: any[]) => any;

declare class LegacyEmitter {
  on(event: string, handler: Handler): this;
  emit(event: string, ...args: any[]): unknown;
  rawListeners(event: string): Handler[];
}

/** What is said of the next emit. */
export interface Flags {
  /** The key of the room that it goes to; by default the namespace. */
  endpoint?: string;
  exceptions: string[];
  volatile?: boolean;
  /** Whether it is for this process only. */
  local?: boolean;
  json?: boolean;
  broadcast?: boolean;
  room?: string;
}

declare class LegacyManager extends LegacyEmitter {
  constructor(door: Events, options: { transports: readonly string[]; logger: object });
  settings: { [name: string]: any };
  get(name: string): any;
  set(name: string, value: unknown): unknown;
  enable(name: string): unknown;
  disable(name: string): unknown;
  enabled(name: string): boolean;
  of(name: string): LegacyNamespace;
}

declare class LegacyNamespace extends LegacyEmitter {
  constructor(manager: LegacyManager, name: string);
  readonly name: string;
  /** The function that decides who may join, false if everyone may. */
  auth: false | Handler;
  flags: Flags;
}

export const BaseManager = loadManager();
export const BaseNamespace = require('socket.io/lib/namespace') as typeof LegacyNamespace;

/**
 * Loads 0.9 without its client, of which a server needs the version and no more. It would be half of the start of this folder, and
 * who comes just after a recycle waits for the start.
 */
function loadManager(): typeof LegacyManager {
  const client = require.resolve('socket.io-client');
  const loaded = require.cache[client];
  const stand = new Module(client);
  stand.exports = { version: (require('socket.io-client/package.json') as { version: string }).version };
  stand.loaded = true;
  require.cache[client] = stand;
  try {
    // Not its lib/manager: that takes what it needs from the module that loads it.
    return (require('socket.io') as { Manager: typeof LegacyManager }).Manager;
  } finally {
    delete require.cache[client];
    if (loaded) require.cache[client] = loaded;
  }
}
