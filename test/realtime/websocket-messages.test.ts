/* Messages over WebSockets arrive as safely as over polling, whatever happens to the WebSockets. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import WebSocket from 'ws';
import { clientLibrary } from '../support/client';
import { request } from '../support/request';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';
import { event, handshake, serve } from '../support/raw';
import { putBetween } from './websocket/between';
import { cutOff } from './websocket/messages';

const TRANSPORTS = 'websocket,xhr-polling';
const library = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => any };

/** Connects a client with realtime.js. */
function open(t: TestContext, port: number) {
  const connection = library.connect({ url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const seen: { state: string; transport?: string; recovered?: boolean }[] = [];
  connection.on('status', (status: typeof seen[number]) => seen.push(status));
  const transports = () => seen.filter(({ state }) => state === 'connected').map(({ transport }) => transport);
  return { connection, seen, transports };
}

describe('what arrives over WebSockets', { concurrency: true }, () => {
  test('8 clients; the process is recycled, then WebSockets are cut at random', t => cutOff(t, 8));

  test('a frame above MAX_MESSAGE_BYTES ends its connection with 1009, and no other', async t => {
    const heard: number[] = [];
    const { port } = serve(t, io => io.sockets.on('connection', socket => {
      socket.on('message', (text: string) => { heard.push(text.length); });
    }), { TRANSPORTS, MAX_MESSAGE_BYTES: '1000' });
    const connected = await Promise.all([1, 2].map(async () => {
      const socket = new WebSocket(`ws://localhost:${port}${resource}/1/websocket/${(await handshake(port)).id}`);
      const closed = new Promise<number>(resolve => socket.on('close', resolve));
      await new Promise(resolve => socket.once('message', resolve));
      t.after(() => socket.terminate());
      return { socket, closed };
    }));
    const [one, other] = connected as [typeof connected[0], typeof connected[0]];
    const message = (bytes: number) => event('message', ['x'.repeat(bytes - event('message', ['']).length)]);
    one.socket.send(message(1000));
    one.socket.send(message(1001));
    assert.equal(await one.closed, 1009);
    other.socket.send(message(999));
    await until(() => heard.length === 2, 'the two that may be sent');
    assert.equal(other.socket.readyState, WebSocket.OPEN);
  });

  test('messages too large for the server are refused, and those between arrive once, in order', { concurrency: true }, async t => {
    await Promise.all([TRANSPORTS, 'xhr-polling'].map(transports => t.test(transports, async t => {
      const heard: string[] = [];
      const { port } = serve(t, io => io.sockets.on('connection', socket => {
        socket.on('n', (n: string) => { heard.push(n); });
      }), { TRANSPORTS: transports, MAX_MESSAGE_BYTES: '5000' });
      const { connection } = open(t, port);
      const refused: string[] = [];
      const small = [1, 2, 3].flatMap(group => Array.from({ length: group }, (_, i) => `${group}.${i}`));
      for (const one of small) {
        if (one.endsWith('.0')) connection.emit('n', 'x'.repeat(6000), (answer: { error: string }) => refused.push(answer.error));
        connection.emit('n', one);
      }
      await until(() => heard.length >= small.length && refused.length >= 3, 'all of them', 60).catch(() => undefined);
      assert.deepEqual(heard, small);
      assert.deepEqual(refused, Array(3).fill('the message is too large for the server'));
    })));
  });

  test('an upgrade of before a reconnect that arrives after it is refused', async t => {
    const { port } = serve(t, () => undefined, { TRANSPORTS });
    const { id } = await handshake(port, '?got=0&try=1');
    const upgrade = (attempt: number) => request({
      port, path: `${resource}/1/websocket/${id}?got=0&try=${attempt}`,
      headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    });
    assert.equal((await upgrade(1)).status, 101);
    await handshake(port, `?got=0&try=2&session=${id}`);
    assert.equal((await upgrade(1)).status, 404);
    assert.equal((await upgrade(2)).status, 101);
  });

  test('where a WebSocket has worked, one that is refused later is made up for by polling, and the next connection is a WebSocket', async t => {
    const polls = { come: 0, waiting: 0 };
    const { port } = serve(t, () => undefined, { TRANSPORTS }, server => server.on('request', ({ method, url }, res) => {
      if (method !== 'GET' || !url!.includes('xhr-polling')) return;
      polls.come += 1;
      polls.waiting += 1;
      res.on('close', () => { polls.waiting -= 1; });
    }));
    const between = await putBetween(t, port, 'passes');
    const { transports, seen } = open(t, between.port);
    await until(() => transports().length === 1, 'the WebSocket');
    between.change({ status: 502 });
    // Waits until the second poll waits. If change() met a poll on its way, that poll would wait
    // long.
    await until(() => transports().length === 2 && polls.come > 1 && polls.waiting === 1, 'polling');
    between.change('passes');
    await until(() => transports().length === 3, 'the next WebSocket');
    assert.deepEqual(transports(), ['websocket', 'xhr-polling', 'websocket']);
    assert(seen.every(({ state, recovered }, i) => state !== 'connected' || recovered === (i > 1)));
  });
});
