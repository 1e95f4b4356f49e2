/*
 * This folder builds on two parts of socket.io 0.9.19: its settings and its namespaces. This folder
 * does not use 0.9's transports, its reading and writing of packets, or its bookkeeping. In those
 * parts, a client can end the process, packets are lost, and most of the time is spent. The release
 * line is frozen, so the two parts do not change. No file outside this folder may use them.
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
  /** The key of the emit's room; by default the key of the namespace. */
  endpoint?: string;
  /** The ids of the sessions that do not get the packet. */
  exceptions: string[];
  volatile?: boolean;
  /** Whether the emit goes to this process only. */
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
  /**
   * @param door the server from which 0.9 takes its requests. Here it is an emitter without
   * requests, because http/ takes the requests
   */
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
  /** The function that decides which clients may join; false if every client may. */
  auth: false | Handler;
  flags: Flags;
}

export const BaseManager = loadManager();
export const BaseNamespace = require('socket.io/lib/namespace') as typeof LegacyNamespace;

/**
 * Loads 0.9 without its client. A server needs only the version of the client. The client would
 * take half of the time in which this folder starts, and clients that come just after a recycle
 * wait for the start.
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
    // lib/manager cannot be loaded by itself: it takes its parts from the module that loads it.
    return (require('socket.io') as { Manager: typeof LegacyManager }).Manager;
  } finally {
    delete require.cache[client];
    if (loaded) require.cache[client] = loaded;
  }
}
