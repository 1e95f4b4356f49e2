/*
 * The server and the client of Socket.IO 4, as a user who moves on to them would start them. They
 * use polling, and the path of the template.
 */
import { once } from 'node:events';
import { createServer, Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { fromPeers, peers } from '../../../../tools/bench/paths';
import { installPackages } from '../../../../tools/packages';
import { available } from '../../../support/available';
import { resource } from '../../../support/template';
import { until } from '../../../support/wait';

/** The tests of the rows, by the first cell of the row. */
export type Rows = Record<string, (t: TestContext) => unknown>;

export const options = { path: resource, transports: ['polling'] };

export const onConnection = (handler: (socket: any) => void) => (io: any) => io.on('connection', handler);

/** The part of Socket.IO's client that these tests use. */
export interface Client {
  id: string;
  connected: boolean;
  active: boolean;
  recovered: boolean;
  io: { engine: { close: () => void; transport: { name: string } }; on: (event: string, handler: (...args: any[]) => void) => void };
  on: (event: string, handler: (...args: any[]) => void) => void;
  emit: (event: string, ...args: unknown[]) => void;
  emitWithAck: (event: string, ...args: unknown[]) => Promise<any>;
  timeout: (ms: number) => Client;
  disconnect: () => void;
}

/**
 * Installs Socket.IO 4 if it is missing.
 * @returns false if it is still missing; the test is then skipped
 */
export function socketIo4(t: TestContext): boolean {
  try {
    installPackages(peers, true);
  } catch (error) {
    t.diagnostic((error as Error).message);
    return available(t, 'socket.io 4, which npm ci in tools/bench installs,', false);
  }
  return true;
}

/** Starts a server with an application, in the place of server.ts. It runs until the test ends. */
export async function start(t: TestContext, app: (io: any) => void = () => undefined, more: object = {}, port: number | string = 0) {
  const { Server } = fromPeers('socket.io') as { Server: new (server: HttpServer, options: object) => any };
  const server = createServer((_req, res) => res.end('a page'));
  const io = new Server(server, { ...options, ...more });
  t.after(() => {
    io.close();
    server.closeAllConnections();
  });
  app(io);
  server.listen(port);
  await once(server, 'listening');
  return { io, server, origin: `http://localhost:${(server.address() as AddressInfo).port}` };
}

/**
 * Connects as the page would, with short pauses before new tries. The client is closed when the
 * test ends.
 */
export function connect(t: TestContext, url: string, more: object = {}): Client {
  const { io } = fromPeers('socket.io-client') as { io: (url: string, options: object) => Client };
  const client = io(url, { ...options, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 50, ...more });
  t.after(() => client.disconnect());
  return client;
}

/** Waits for the next `event`. Fails after 10 s. @returns the arguments of the event */
export function next(from: { on: Client['on'] }, event: string): Promise<any[]> {
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error(`waited 10 s for ${event}`)), 10000);
    from.on(event, (...args) => {
      clearTimeout(tooLong);
      resolve(args);
    });
  });
}

/**
 * Cuts the connection of the only client while its poll waits, and waits until the server has
 * noticed.
 * @returns the client's socket on the server
 */
export async function cut({ io, server }: { io: any; server: HttpServer }): Promise<any> {
  const socket = await until<any>(() => Array.from(io.sockets.sockets.values() as any[]).find(one => one.conn.transport.writable), 'a poll');
  const gone = next(socket, 'disconnect');
  server.closeAllConnections();
  await gone;
  return socket;
}
