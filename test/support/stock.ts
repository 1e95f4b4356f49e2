/* Starts stock Socket.IO 0.9.19, unchanged, to compare the template with it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Server } from '../../src/realtime';
import type { Loose } from './raw';
import { fromRoot, resource } from './template';

type Stock = Server<Loose, Loose> & { gc: NodeJS.Timeout; set: (name: string, value: unknown) => void };

/** The time for which stock waits for a client that does not poll, s. A busy machine is late by seconds. */
export const STOCK_CLOSE_TIMEOUT = 8;

/**
 * Starts stock 0.9.19 with the application of a test, on the template's resource. The server is gone
 * when the test ends.
 * @returns the port of the server
 */
export function serveStock(t: TestContext, app: (io: Server<Loose, Loose>) => void): number {
  const { listen } = fromRoot('socket.io') as { listen: (server: object, options: object) => Stock };
  const server = createServer();
  const io = listen(server, { log: false });
  const settings = {
    resource, transports: ['xhr-polling'],
    // A timer of a session keeps the process of the test alive. So these times are short, or off.
    'close timeout': STOCK_CLOSE_TIMEOUT, 'polling duration': 1, 'client store expiration': null,
  };
  for (const [name, value] of Object.entries(settings)) io.set(name, value);
  app(io);
  server.listen(0);
  t.after(() => {
    clearInterval(io.gc);
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}
