/*
 * Sessions of Socket.IO 0.9 over xhr-polling, on a server in this process. A test sends each request
 * itself, and can send requests that a client library would not send.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, IncomingMessage, Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config';
import { createLog } from '../../src/log';
import type { Server } from '../../src/realtime';
import { makeRealtime } from './realtime';
import { request } from './request';
import { resource } from './template';

/** The type of events with any name and any arguments. */
export interface Loose { [event: string]: (...args: any[]) => void }

export interface Served {
  port: number;
  origin: string;
  /** The lines of the log so far, each with its level in front. */
  logged: string[];
  clients: () => number;
  /** Makes the server refuse all requests from now on, as at its end. */
  close: () => void;
}

/** Starts a server in this process, with the application of a test. The server is gone when the test ends. */
export function serve(
  t: TestContext, app: (io: Server<Loose, Loose>) => void, env: Record<string, string> = {},
  more: (server: HttpServer) => void = () => undefined,
): Served {
  const logged: string[] = [];
  const quiet = createLog('error');
  const log = Object.fromEntries(Object.keys(quiet).map(level => [level, (...parts: unknown[]) => {
    logged.push(`${level} ${parts.map(part => part instanceof Error ? part.stack : String(part)).join(' ')}`);
  }]));
  const config = readConfig(env);
  const realtime = makeRealtime(config, log as typeof quiet);
  app(realtime.io);
  const server = createServer(realtime.handle).listen(0);
  if (config.transports.includes('websocket')) server.on('upgrade', realtime.upgrade);
  more(server);
  t.after(() => {
    realtime.close();
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, origin: `http://localhost:${port}`, logged, clients: realtime.clients, close: realtime.close };
}

export interface Raw {
  id: string;
  /** Polls once. @returns the packets of the answer */
  poll: () => Promise<string[]>;
  post: (body: string) => Promise<{ status: number; text: string }>;
}

/** Makes a handshake, and does not poll. */
export async function handshake(port: number, query = ''): Promise<Raw> {
  const { status, text } = await request({ port, path: `${resource}/1/${query}` });
  if (status !== 200) throw new Error(`handshake: ${status} ${text}`);
  const id = text.split(':')[0]!;
  const path = `${resource}/1/xhr-polling/${id}`;
  return {
    id,
    poll: async () => split((await request({ port, path })).text),
    post: body => request({ port, path, method: 'POST' }, body),
  };
}

/**
 * Waits until the next poll of a session has reached its server, which is in this process. Requests
 * over two connections may arrive in another order than they were made.
 * @param id the id of the session
 */
export function nextPoll(id: string): Promise<void> {
  const channel = 'http.server.request.start';
  return new Promise(resolve => {
    const look = (message: unknown) => {
      const { method, url } = (message as { request: IncomingMessage }).request;
      if (method !== 'GET' || !url!.includes(id)) return;
      unsubscribe(channel, look);
      resolve();
    };
    subscribe(channel, look);
  });
}

/** Makes a handshake and the first poll. */
export async function session(port: number): Promise<Raw> {
  const raw = await handshake(port);
  await raw.poll();
  return raw;
}

/** Takes a payload apart. @returns its packets */
export function split(text: string): string[] {
  return text.startsWith('\ufffd') ? text.split(/\ufffd\d+\ufffd/).slice(1) : [text];
}

/** Puts several packets into one body. */
export function join(packets: string[]): string {
  return packets.map(packet => `\ufffd${packet.length}\ufffd${packet}`).join('');
}

/** Makes the packet of an event. */
export function event(name: string, args: unknown[] = [], id = ''): string {
  return `5:${id}::${JSON.stringify({ name, args })}`;
}
