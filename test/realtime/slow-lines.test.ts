/*
 * The line is so slow that an answer, or a POST of a page, takes longer than each time-out. If one
 * side gave up while data is still coming, all of the data would be sent again, and would never
 * arrive whole.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { clientLibrary } from '../support/client';
import { standBetween } from '../support/middle';
import { Loose, serve } from '../support/raw';
import type { Server } from '../../src/realtime';
import { resource, root } from '../support/template';
import { until } from '../support/wait';

/** The time that the page waits for a first poll in these tests, ms. */
const TOO_LONG = 4000;
/** The close timeout and the heartbeat timeout in these tests, s. */
const CLOSE_TIMEOUT = 5;
/** The number of letters of a large message. */
const LARGE = 600000;
/** The speed of the line to the page, bytes a second: a large message takes 10 s. */
const SPEED = 60000;

/** @returns public/realtime.js, but with a shorter TOO_LONG */
function load(): { connect: (options: object) => any } {
  const text = readFileSync(path.join(root, 'public', 'realtime.js'), 'utf8');
  const shorter = text.replace('var TOO_LONG = 45000;', `var TOO_LONG = ${TOO_LONG};`);
  assert.notEqual(shorter, text);
  const module = { exports: {} };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is our own file
  new Function('module', shorter)(module);
  return module.exports as ReturnType<typeof load>;
}

/** Starts a proxy that is fast towards the server, and slow towards the page. @returns its port */
function slowLine(t: TestContext, port: number): number {
  const line = net.createServer(client => {
    const server = net.connect(port);
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end);
    client.on('data', part => server.write(part));
    server.on('data', part => {
      client.write(part);
      server.pause();
      setTimeout(() => server.resume(), part.length / SPEED * 1000);
    });
  }).listen(0);
  t.after(() => line.close());
  return (line.address() as net.AddressInfo).port;
}

function start(t: TestContext, app: (io: Server<Loose, Loose>) => void) {
  const { port } = serve(t, io => {
    io.set('close timeout', CLOSE_TIMEOUT);
    io.set('heartbeat timeout', CLOSE_TIMEOUT);
    io.set('polling duration', 1);
    app(io);
  });
  const connection = load().connect({
    url: `http://127.0.0.1:${slowLine(t, port)}`, resource: resource.slice(1), io: clientLibrary,
  });
  t.after(() => connection.close());
  const states: string[] = [];
  const come: number[] = [];
  connection.on('status', (status: { state: string; reason?: string }) => {
    states.push([status.state, status.reason].filter(Boolean).join(': '));
  });
  connection.on('much', (text: string) => come.push(text.length));
  return { connection, states, come };
}

describe('a slow line', { concurrency: true }, () => {
  test('the first poll brings more than comes within its time: it all comes, at the first try', async t => {
    const { states, come } = start(t, io => io.sockets.on('connection', socket => {
      socket.emit('much', 'x'.repeat(LARGE));
    }));
    await until(() => come.length === 1, 'the message');
    assert.deepEqual(come, [LARGE]);
    assert.deepEqual(states, ['connecting', 'connected']);
  });

  test('a later poll does: the page stays connected', async t => {
    const { connection, states, come } = start(t, io => io.sockets.on('connection', socket => {
      socket.on('fill', () => { socket.emit('much', 'x'.repeat(LARGE)); });
    }));
    await until(() => states.length === 2, 'the connection');
    connection.emit('fill');
    await until(() => come.length === 1, 'the message');
    assert.deepEqual(come, [LARGE]);
    assert.deepEqual(states, ['connecting', 'connected']);
  });

  test('what the page has sent at once does not come in time: it sends less at once, and all arrives, in order', async t => {
    const heard: number[] = [];
    const { port } = serve(t, io => io.sockets.on('connection', socket => {
      socket.on('n', (n: number) => heard.push(n));
    }));
    const middle = standBetween(t, port);
    // The server gives this answer when a body takes longer than 60 s.
    middle.set((kind, res, req) => {
      if (kind !== 'POST' || Number(req.headers['content-length']) < 8000) return false;
      res.writeHead(408).end('the body did not come in time');
      return true;
    });
    const connection = load().connect({ url: middle.origin, resource: resource.slice(1), io: clientLibrary });
    t.after(() => connection.close());
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    for (const n of numbers) connection.emit('n', n, 'x'.repeat(100));
    await until(() => heard.length >= numbers.length, 'all of them', 30);
    assert.deepEqual(heard, numbers);
  });
});
