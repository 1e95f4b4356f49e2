/* Socket.IO 0.9 sessions over xhr-polling, request by request, on a server in this process: what a client library would not do. */
import { createServer, Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config';
import { createLog } from '../../src/log';
import type { Server } from '../../src/realtime';
import { makeRealtime } from './realtime';
import { request } from './request';
import { resource } from './template';

/** Any event with anything. */
export interface Loose { [event: string]: (...args: any[]) => void }

export interface Served {
  port: number;
  origin: string;
  /** What it logged: level, then the line. */
  logged: string[];
  clients: () => number;
}

/** A server of this process with an application of the test's. It is gone when the test ends. */
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
  return { port, origin: `http://localhost:${port}`, logged, clients: realtime.clients };
}

export interface Raw {
  id: string;
  /** The packets that one poll brings. */
  poll: () => Promise<string[]>;
  post: (body: string) => Promise<{ status: number; text: string }>;
}

/** A handshake, and no poll yet. */
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

/** A handshake and its first poll. */
export async function session(port: number): Promise<Raw> {
  const raw = await handshake(port);
  await raw.poll();
  return raw;
}

/** The packets of a payload. */
export function split(text: string): string[] {
  return text.startsWith('\ufffd') ? text.split(/\ufffd\d+\ufffd/).slice(1) : [text];
}

/** Several packets in one body. */
export function join(packets: string[]): string {
  return packets.map(packet => `\ufffd${packet.length}\ufffd${packet}`).join('');
}

/** An event, as a packet. */
export function event(name: string, args: unknown[] = [], id = ''): string {
  return `5:${id}::${JSON.stringify({ name, args })}`;
}
