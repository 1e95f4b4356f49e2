/*
 * Runs Socket.IO 0.9 without changes, with the settings of the usual sample.
 * The command is `node build/test/hostile/killers/stock.js`.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from '../../../src/realtime';
import { fromRoot, resource } from '../../support/template';
import { app } from './app';

const { listen } = fromRoot('socket.io') as { listen: (server: object, options: object) => Server<any, any> };

const server = createServer((_req, res) => res.end('a page'));
app(listen(server, {
  log: false,
  resource,
  transports: (process.env.TRANSPORTS || 'xhr-polling').split(','),
  ...JSON.parse(process.env.OPTIONS || '{}'),
}));
server.listen(0, () => console.log(`listening on ${(server.address() as AddressInfo).port}`));
