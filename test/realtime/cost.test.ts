/*
 * The cost of messages that arrive: the requests, packets and bytes of public/realtime.js beside
 * those of 0.9's own client, for the same load on the same server. The tests assert only figures
 * that do not depend on the machine. They print the others.
 */
import assert from 'node:assert/strict';
import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../../src/realtime';
import { connect, connectRealtime, next } from '../support/client';
import { makeRealtime } from '../support/realtime';
import { until } from '../support/wait';
import { Loose, split } from '../support/raw';

const CLIENTS = 10;
const EACH = 20;
const TEXT = 'a line that someone has typed';

interface Traffic { polls: number; posts: number; packetsUp: number; packetsDown: number; bytesUp: number; bytesDown: number }

/**
 * Starts a server in this process that counts its traffic. The bytes are those of whole requests
 * and answers, with their headers.
 */
function counting(t: TestContext) {
  const { io, handle, close } = makeRealtime();
  const traffic: Traffic = { polls: 0, posts: 0, packetsUp: 0, packetsDown: 0, bytesUp: 0, bytesDown: 0 };
  const server = createServer((req: IncomingMessage, res: ServerResponse) => {
    const poll = req.method === 'GET' && req.url!.includes('xhr-polling');
    let body = '';
    if (req.method === 'POST') {
      traffic.posts += 1;
      req.on('data', data => body += String(data)).on('end', () => { traffic.packetsUp += split(body).length; });
    }
    const write = res.write.bind(res) as (text: string) => boolean;
    res.write = ((text: string) => {
      if (poll) {
        traffic.polls += 1;
        traffic.packetsDown += split(text).length;
      }
      return write(text);
    }) as never;
    handle(req, res);
  }).listen(0);
  // 0.9's client for node opens a new connection for each request.
  server.on('connection', socket => socket.on('close', () => {
    traffic.bytesUp += socket.bytesRead;
    traffic.bytesDown += socket.bytesWritten;
  }));
  t.after(() => {
    close();
    server.close();
    server.closeAllConnections();
  });
  return { io: io as Server<Loose, Loose>, traffic, port: (server.address() as AddressInfo).port };
}

interface Client { emit: (event: string, ...args: unknown[]) => void; on: (event: string, handler: (...args: any[]) => void) => void }

const open: Record<string, (t: TestContext, port: number) => Promise<Client>> = {
  async 'socket.io-client 0.9'(t, port) {
    const client = connect(t, `http://localhost:${port}`);
    await next(client, 'connect');
    return client;
  },
  async 'realtime.js'(t, port) {
    const connection = connectRealtime(port);
    t.after(() => connection.close());
    await new Promise<void>(resolve => connection.on('status', ({ state }: { state: string }) => { if (state === 'connected') resolve(); }));
    return connection;
  },
};

/** A load lets the clients and the server send messages, and waits until all have arrived. */
type Load = (clients: Client[], io: Server<Loose, Loose>, heard: () => number) => Promise<void>;

const loads: Record<string, { up: number; down: number; run: Load }> = {
  'echo with acknowledgement': {
    up: CLIENTS * EACH,
    down: CLIENTS * EACH,
    run: async clients => {
      await Promise.all(clients.map(async client => {
        for (let i = 0; i < EACH; i++) await new Promise<void>(resolve => client.emit('echo', TEXT, () => resolve()));
      }));
    },
  },
  'client to server': {
    up: CLIENTS * EACH,
    down: 0,
    run: async (clients, _io, heard) => {
      for (let i = 0; i < EACH; i++, await sleep(20)) clients.forEach(client => client.emit('line', TEXT));
      await until(() => heard() === CLIENTS * EACH, 'all lines');
    },
  },
  'server to all clients': {
    up: 0,
    down: CLIENTS * EACH,
    run: async (clients, io) => {
      let arrived = 0;
      clients.forEach(client => client.on('news', () => arrived += 1));
      for (let i = 0; i < EACH; i++, await sleep(20)) io.sockets.emit('news', TEXT);
      await until(() => arrived === CLIENTS * EACH, 'all news');
    },
  },
};

describe('messages of realtime.js cost little more', { concurrency: 3 }, () => {
  for (const [name, { up, down, run }] of Object.entries(loads)) {
    test(`${name}: ${CLIENTS} clients, ${EACH} messages each`, async t => {
      for (const [kind, openOne] of Object.entries(open)) {
        const { io, traffic, port } = counting(t);
        let heard = 0;
        io.sockets.on('connection', socket => {
          socket.on('echo', (text: string, answer: (text: string) => void) => answer(text));
          socket.on('line', () => { heard += 1; });
        });
        const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openOne(t, port)));
        await sleep(300); // by now all clients poll
        Object.keys(traffic).forEach(key => { traffic[key as keyof Traffic] = 0; });
        await run(clients, io, () => heard);
        await sleep(2500); // a client may report late which messages arrived: this counts too
        const { polls, posts, packetsUp, packetsDown, bytesUp, bytesDown } = traffic;
        const requests = `${polls + posts} requests (${polls} polls answered)`;
        t.diagnostic(`${kind}: ${requests}, packets ${packetsUp} up, ${packetsDown} down, bytes ${bytesUp} up, ${bytesDown} down`);
        assert.equal(packetsUp, up, 'what has arrived is said in the address of a poll, not in a packet');
        assert(packetsDown >= down && packetsDown <= down + polls, 'at most one packet more in each answer to a poll');
      }
    });
  }
});
