/**
 * The internals of socket.io 0.9.19 that this folder leans on. The release line is frozen, so they do not move.
 * Nothing outside this folder may use them.
 */
import type { EventEmitter } from 'events';
import type { IncomingMessage } from 'http';
import type { Handshake, Server } from './api';

export interface Manager extends Server<any, any, any> {
  /** A method, which names the transports that a client may use; and by session id its poll or WebSocket. */
  transports: ((data: object) => string[]) & { [id: string]: Transport | null };
  /** By session id: those that have opened a transport and are not gone. */
  connected: { [id: string]: true };
  /** Makes what app.ts sees as socket.handshake. */
  handshakeData(data: { request: IncomingMessage }): Handshake;
}

interface Transport {
  open: boolean;
  packet(packet: { type: string; reason?: string; advice?: string }): void;
  clearTimeouts(): void;
}

interface Options {
  resource: RegExp;
  transports: readonly string[];
  logger: object;
  origins: string;
  'browser client': boolean;
  'destroy buffer size': number;
  'destroy upgrade': boolean;
}

/** @param door where requests and upgrades arrive as events: an HTTP server, or what stands for one */
type ManagerClass = { new (door: EventEmitter, options: Options): Manager; prototype: Manager };

// eslint-disable-next-line @typescript-eslint/no-require-imports -- 0.9 has no types to import
export const { Manager } = require('socket.io') as { Manager: ManagerClass };
