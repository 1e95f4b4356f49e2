import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test, TestContext } from 'node:test';
import type { Server } from '../../src/realtime';
import { deployApplication, startApplication } from '../support/application';
import { clientLibrary } from '../support/client';
import { makeRealtime } from '../support/realtime';
import { startServer } from '../support/server';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';
import { freePort } from '../../tools/free-port';

/*
 * public/realtime.js with socket.io-client, in node: the cases that a test cannot easily cause in a
 * page.
 */

type In = { message: (text: string, ack?: (answer: string) => void) => void };
type Out = { response: (text: string) => void };
interface Status { state: string; attempt: number; transport?: string; recovered?: boolean; reason?: string }
interface Connection {
  emit: <E extends keyof In>(event: E, ...args: Parameters<In[E]>) => void;
  on: (<E extends keyof Out>(event: E, handler: Out[E]) => void)
    & ((event: 'status', handler: (status: Status) => void) => void);
  close: () => void;
}
const { connect } = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => Connection };

function open(t: TestContext, port: number) {
  const connection = connect({ url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const seen: Status[] = [];
  connection.on('status', status => seen.push(status));
  const reach = (state: string) => until(() => seen.some(status => status.state === state), state);
  return { connection, seen, reach };
}

describe('public/realtime.js with socket.io-client, in node', { concurrency: true }, () => {
  test('a first handshake that fails is repeated for as long as it takes; what was emitted meanwhile arrives, in order', async t => {
    const port = await freePort();
    const { connection, seen } = open(t, port);
    const answers: string[] = [];
    connection.emit('message', 'one', answer => answers.push(answer));
    connection.emit('message', 'two', answer => answers.push(answer));
    await until(() => seen.some(status => status.attempt === 3), 'the third try');
    await startApplication(t, { env: { PORT: String(port) } });
    await until(() => answers.length === 2, 'both acknowledgements');
    assert.deepEqual(answers, ['one', 'two']);
    assert.equal(seen[0]!.state, 'connecting');
    assert(seen.slice(1, -1).every((status, i) => status.state === 'reconnecting' && status.attempt === i + 2));
    assert.equal(seen[seen.length - 1]!.transport, 'xhr-polling');
  });

  test('a first poll that fails is noticed, which 0.9 does not say', async t => {
    // This server takes the handshake, but answers the first two polls with an error.
    let polls = 0;
    const server = createServer((req, res) => {
      const poll = /xhr-polling/.test(req.url!);
      if (poll) polls += 1;
      res.writeHead(poll && polls < 3 ? 500 : 200);
      res.end(poll ? (polls < 3 ? '' : '1::') : `session${polls}:60:60:xhr-polling`);
    }).listen(0);
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    const { connection, reach, seen } = open(t, (server.address() as AddressInfo).port);
    await reach('connected');
    assert.equal(polls >= 3, true);
    assert.equal(seen.filter(status => status.state === 'reconnecting').length, 2);
    connection.close();
  });

  /** Starts a server in this process, with the application of a test. @returns its port */
  function serve(t: TestContext, app: (io: Server<In, Out>) => void, env = {}): number {
    const realtime = makeRealtime(env);
    app(realtime.io);
    const server = createServer(realtime.handle).listen(0);
    server.on('upgrade', (_req, socket) => socket.end('HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n'));
    t.after(() => {
      realtime.close();
      server.close();
      server.closeAllConnections();
    });
    return (server.address() as AddressInfo).port;
  }

  /**
   * Starts a server that answers each request after `wait(path)` ms.
   * @param timeouts the two time-outs in its answer to a handshake, s
   * @returns its port, and the paths of the GET requests that it got
   */
  function slowServer(t: TestContext, timeouts: string, wait: (path: string) => number): { port: number; asked: string[] } {
    const asked: string[] = [];
    const server = createServer((req, res) => {
      if (req.method === 'GET') asked.push(req.url!); // a goodbye is a POST, and does not count
      setTimeout(() => res.end(/xhr-polling/.test(req.url!) ? '1::' : `session:${timeouts}:xhr-polling`), wait(req.url!));
    }).listen(0);
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
    return { port: (server.address() as AddressInfo).port, asked };
  }

  test('close() during a handshake: its answer has no effect, then or later', async t => {
    const { port, asked } = slowServer(t, '1:1', () => 300);
    const { connection } = open(t, port);
    await until(() => asked.length === 1, 'the handshake');
    connection.close();
    await sleep(2000); // a heartbeat timer of 0.9 would throw after 1 s
    assert.equal(asked.length, 1);
  });

  test('a first poll that has to wait for 11.5 s is not given up, as 0.9 does after 10 s; after close() nothing polls on', async t => {
    const { port, asked } = slowServer(t, '60:60', path => /xhr-polling/.test(path) ? 11500 : 0);
    const { connection, seen, reach } = open(t, port);
    await reach('connected');
    assert.deepEqual(seen.map(status => status.state), ['connecting', 'connected']);
    connection.close();
    await sleep(2000);
    // Two polls are allowed: the second may have begun before close().
    const polls = asked.filter(path => /xhr-polling/.test(path) && !/disconnect/.test(path));
    assert(polls.length <= 2, asked.join(' '));
  });

  test('a page of HTML that something in between answers is named as that', async t => {
    const server = createServer((_req, res) => { res.writeHead(503).end('<!DOCTYPE html><title>Service Unavailable</title>'); }).listen(0);
    t.after(() => server.close());
    const { seen, reach } = open(t, (server.address() as AddressInfo).port);
    await reach('reconnecting');
    assert.deepEqual(seen[1]!.reason, 'status 503: the answer is a page of HTML, not of this server: a login page or a proxy?');
  });

  test('a session that the server ends stays ended', async t => {
    const port = serve(t, io => io.sockets.on('connection', socket => socket.on('message', () => socket.disconnect())));
    const { connection, seen, reach } = open(t, port);
    await reach('connected');
    connection.emit('message', 'end it');
    await reach('disconnected');
    assert.deepEqual(seen.map(status => status.state), ['connecting', 'connected', 'disconnected']);
  });

  test('where WebSockets are offered and then refused, the next try takes xhr-polling', async t => {
    const port = serve(t, io => io.sockets.on('connection', () => undefined), { TRANSPORTS: 'websocket,xhr-polling' });
    const { seen, reach } = open(t, port);
    await reach('connected');
    assert.deepEqual(seen.map(status => [status.state, status.attempt]), [['connecting', 1], ['reconnecting', 2], ['connected', 2]]);
    assert.equal(seen[2]!.transport, 'xhr-polling');
  });

  test('a session lost to a killed server is opened again, and its events are heard once', async t => {
    const folder = deployApplication(t);
    const env = { PORT: String(await freePort()) };
    const first = await startServer(t, { folder, env });
    const { connection, seen, reach } = open(t, first.port);
    let answers = 0;
    connection.on('response', () => answers += 1);
    await reach('connected');
    await first.stop('SIGKILL');
    await startServer(t, { folder, env });
    await until(() => seen.filter(status => status.state === 'connected').length === 2, 'the second session');
    const acknowledged = new Promise<void>(resolve => connection.emit('message', 'once', () => resolve()));
    await acknowledged;
    await until(() => answers, 'the answer');
    assert.equal(answers, 1);
    connection.close();
    assert.deepEqual(seen[seen.length - 1], { state: 'disconnected', attempt: 0 });
  });
});
