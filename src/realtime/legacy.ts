/**
 * What this folder builds on of socket.io 0.9.19: its settings, its API of namespaces and sockets, its way to write packets.
 * Its transports, its reading of packets and its bookkeeping are not used: they are where a client can end the process or
 * lose what was sent. The release line is frozen, so these do not move; nothing outside this folder may use them.
 */
/* eslint-disable @typescript-eslint/no-require-imports -- 0.9 has no types to import */
import type { EventEmitter } from 'events';
import type { IncomingHttpHeaders, IncomingMessage } from 'http';
import Module from 'module';
import type { Handshake } from './api';

/** A packet, as 0.9 takes it apart. */
export interface Packet {
  type: 'disconnect' | 'connect' | 'heartbeat' | 'message' | 'json' | 'event' | 'ack' | 'error' | 'noop';
  /** The namespace. */
  endpoint: string;
  /** Of its text, characters. */
  size: number;
  /** By which its acknowledgement names it. */
  id?: number;
  /** Whether the receiver's handler acknowledges it, with data, or the receiver by itself. */
  ack?: true | 'data';
  name?: string;
  args?: unknown[];
  data?: unknown;
  ackId?: number;
  reason?: string;
  advice?: string;
  /** Why it is not taken. */
  refused?: Error;
}

type Events = EventEmitter;
type Handler = (...args: any[]) => any;

declare class LegacyEmitter {
  on(event: string, handler: Handler): this;
  rawListeners(event: string): Handler[];
}

export interface Flags {
  /** The room that the next packet goes to; a namespace's own name is everyone in it. */
  endpoint: string;
  exceptions: string[];
  volatile?: boolean;
  json?: boolean;
  broadcast?: boolean;
  room?: string;
}

declare class LegacyManager extends LegacyEmitter {
  constructor(door: Events, options: { resource: RegExp; transports: readonly string[]; logger: object });
  /** By session id: what its handshake said. */
  handshaken: { [id: string]: Handshake };
  settings: { [name: string]: any };
  get(name: string): any;
  enabled(name: string): boolean;
  /** Makes what app.ts sees as socket.handshake. */
  handshakeData(data: { request: IncomingMessage; headers: IncomingHttpHeaders; query: object }): Handshake;
  of(name: string): LegacyNamespace;
  store: { clients: object; destroyClient(id: string, seconds?: number): void };
}

declare class LegacyNamespace extends LegacyEmitter {
  constructor(manager: LegacyManager, name: string);
  readonly name: string;
  /** The function that decides who may join, false if everyone may. */
  auth: false | Handler;
  flags: Flags;
  sockets: { [id: string]: LegacySocket };
}

declare class LegacySocket extends LegacyEmitter {
  constructor(manager: LegacyManager, id: string, namespace: LegacyNamespace, readable: boolean);
  readonly id: string;
  disconnected: boolean;
  flags: Flags;
  /** How many acknowledgements were asked for. */
  ackPackets: number;
}

export const BaseManager = loadManager();
export const BaseNamespace = require('socket.io/lib/namespace') as typeof LegacyNamespace;
export const BaseSocket = require('socket.io/lib/socket') as typeof LegacySocket;
const parser = require('socket.io/lib/parser') as { encodePacket: (packet: Partial<Packet>) => string; encodePayload: (packets: string[]) => string };
export const { encodePayload } = parser;

/** Writes a packet. 0.9's client reads an acknowledgement up to the first U+2028 or U+2029 only: they are escaped, as JSON allows. */
export function encodePacket(packet: Partial<Packet>): string {
  const text = parser.encodePacket(packet);
  return packet.type === 'ack' ? text.replace(/[\u2028\u2029]/g, letter => letter === '\u2028' ? '\\u2028' : '\\u2029') : text;
}

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
