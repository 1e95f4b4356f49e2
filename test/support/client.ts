/* Clients of the unchanged socket.io-client 0.9, and of public/realtime.js. */
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fromRoot, resource, root } from './template';

/** A client of socket.io-client 0.9, as node loads it. */
export interface Client {
  /** `doBuffer` says whether packets wait, because a POST is under way. */
  socket: { connected: boolean; sessionid: string; doBuffer: boolean; transport: { name: string }; disconnect: () => void };
  on: (event: string, handler: (...args: any[]) => void) => void;
  emit: (event: string, ...args: unknown[]) => void;
  of: (name: string) => Client;
}

export const clientLibrary = fromRoot('socket.io-client') as { connect: (url: string, options: object) => Client };

/**
 * Puts the address of this machine in the place of its name. To ask the system for the address at each
 * request takes more processor time than the rest of the request.
 */
const withAddress = (origin: string) => origin.replace(/^http:\/\/localhost\b/, 'http://127.0.0.1');

/** Opens a session with 0.9's own client, unchanged. The session is closed when the test ends. */
export function connect(t: TestContext, origin: string, options: object = {}): Client {
  const client = clientLibrary.connect(withAddress(origin), { resource: resource.slice(1), 'force new connection': true, reconnect: false, ...options });
  t.after(() => { if (client.socket.transport) client.socket.disconnect(); });
  return client;
}

/** Waits for the next `event`, for up to 30 s. @returns its arguments */
export function next(client: Client, event: string): Promise<any[]> {
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error(`waited 30 s for ${event}`)), 30000);
    client.on(event, (...args) => {
      clearTimeout(tooLong);
      resolve(args);
    });
  });
}

/** Sends an event, and waits for its acknowledgement, for up to 30 s. @returns the arguments of the acknowledgement */
export function ask(client: Client, event: string, ...args: unknown[]): Promise<any[]> {
  return new Promise((resolve, reject) => {
    const tooLong = setTimeout(() => reject(new Error(`waited 30 s for the acknowledgement of ${event}`)), 30000);
    client.emit(event, ...args, (...answer: unknown[]) => {
      clearTimeout(tooLong);
      resolve(answer);
    });
  });
}

/** A connection of public/realtime.js. */
export interface Connection {
  emit: (event: string, ...args: unknown[]) => void;
  on: (event: string, handler: (...args: any[]) => void) => void;
  close: () => void;
}

/** Connects public/realtime.js to a server of this machine. The caller closes the connection. */
export function connectRealtime(port: number): Connection {
  const library = fromRoot(path.join(root, 'public', 'realtime.js')) as {
    connect: (options: object) => Connection;
  };
  const url = `http://127.0.0.1:${port}`;
  return library.connect({ url, resource: resource.slice(1), io: clientLibrary });
}
