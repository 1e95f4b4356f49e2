/*
 * This folder builds on two parts of socket.io 0.9.19: its settings and namespaces. Its transports,
 * its reading and writing of packets and its bookkeeping are not used: they are where a client can
 * end the process, where what was sent is lost, and where the time goes. The release line is
 * frozen, so these do not move. Nothing outside this folder may use them.
 */
/* eslint-disable @typescript-eslint/no-require-imports -- 0.9 has no types to import */
import type { EventEmitter } from 'events';
import Module from 'module';
import type { Handler } from './handlers';

declare class LegacyEmitter {
  on(event: string, handler: Handler): this;
  emit(event: string, ...args: any[]): unknown;
  rawListeners(event: string): Handler[];
}

/** The flags of the next emit. */
export interface Flags {
  /** The key of the room that it goes to; by default the namespace. */
  endpoint?: string;
  /** The ids of sessions that it does not go to. */
  exceptions: string[];
  volatile?: boolean;
  /** Whether it is for this process only. */
  local?: boolean;
  json?: boolean;
  broadcast?: boolean;
  room?: string;
}

interface LegacyOptions {
  transports: readonly string[];
  logger: object;
}

declare class LegacyManager extends LegacyEmitter {
  /** @param door what the requests come from: nothing here, as http/ takes them */
  constructor(door: EventEmitter, options: LegacyOptions);
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
 * 0.9 is loaded without its client, of which a server needs the version and no more. The client
 * would be half of the start of this folder, and clients that come just after a recycle wait for
 * the start.
 */
function loadManager(): typeof LegacyManager {
  const client = require.resolve('socket.io-client');
  const loaded = require.cache[client];
  const { version } = require('socket.io-client/package.json') as { version: string };
  const stand = new Module(client);
  stand.exports = { version };
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
