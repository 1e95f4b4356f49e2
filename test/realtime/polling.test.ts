import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { shareApplication, startApplication } from '../support/application';
import { ask, connect, next } from '../support/client';
import { nextPoll, serve, session } from '../support/raw';
import { request } from '../support/request';
import { appPath, resource } from '../support/template';
import { until } from '../support/wait';

test('a message gets its acknowledgement and its answer, over xhr-polling', async t => {
  const { origin, output, stop } = await startApplication(t);
  const client = connect(t, origin);
  const connected = next(client, 'connect');
  const response = next(client, 'response');
  await connected;
  assert.equal(client.socket.transport.name, 'xhr-polling');
  assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
  assert.deepEqual(await response, ['Got it!']);

  client.emit('message', 'nobody asked for an acknowledgement');
  await next(client, 'response');
  await stop('SIGKILL');
  assert.equal(output().split('\n').length, 2, 'nothing is logged for a message, a poll or a client');
});

test('any letter arrives, there and back', async t => {
  const { origin } = await shareApplication();
  // 0.9's client reads an acknowledgement only up to the first U+2028 or U+2029.
  const letters = 'é – 漢字 😀 \ufffd12\ufffd "quoted" \\ \n \u0000 \u2028 \u2029 !';
  assert.deepEqual(await ask(connect(t, origin), 'message', letters), [letters]);
});

test('everyone is told how many are connected', async t => {
  const { origin } = await startApplication(t);
  const counts: number[] = [];
  const first = connect(t, origin);
  first.on('clients', count => counts.push(count as number));
  await next(first, 'clients');
  const second = connect(t, origin);
  assert.deepEqual(await next(second, 'clients'), [2]);
  const health = await (await fetch(`${origin}${appPath}/health`)).json() as { clients: number };
  assert.equal(health.clients, 2);
  await until(() => counts.length === 2, 'the first to hear of the second');
  second.socket.disconnect();
  await until(() => counts.length === 3, 'the first to hear that it went');
  assert.deepEqual(counts, [1, 2, 1]);
});

test('a handshake offers xhr-polling and nothing else, whatever the case of the path', async t => {
  const { origin } = await shareApplication();
  for (const path of [`${resource}/1/`, `${resource.toUpperCase()}/1/?t=1`, `${resource.toLowerCase()}/1`]) {
    const answer = await fetch(origin + path);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^[\w-]{20}:60:60:xhr-polling$/);
  }
  const upper = connect(t, origin, { resource: resource.slice(1).toUpperCase() });
  await next(upper, 'connect');
});

test('TRANSPORTS=websocket,xhr-polling offers both, and the client takes the WebSocket', async t => {
  const { origin } = await shareApplication({ TRANSPORTS: 'websocket,xhr-polling' });
  const client = connect(t, origin);
  await next(client, 'connect');
  assert.equal(client.socket.transport.name, 'websocket');
  assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
});

test('an upgrade from a page of another origin, or to another path, is refused with an answer', async () => {
  const { origin, port } = await shareApplication({ TRANSPORTS: 'websocket,xhr-polling' });
  const session = (await (await fetch(`${origin}${resource}/1/`)).text()).split(':')[0]!;
  const path = `${resource}/1/websocket/${session}`;
  const headers = {
    connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  assert.equal((await request({ port, path, headers: { ...headers, origin: 'http://stranger.example' } })).status, 403);
  assert.equal((await request({ port, path: `${appPath}/elsewhere`, headers })).status, 404);
  assert.equal((await request({ port, path, headers: { ...headers, origin } })).status, 101);
});

test('a body over MAX_MESSAGE_BYTES is refused in words', async t => {
  const { origin } = await startApplication(t, { env: { MAX_MESSAGE_BYTES: '1000' } });
  const session = (await (await fetch(`${origin}${resource}/1/`)).text()).split(':')[0]!;
  const post = (bytes: number) => fetch(`${origin}${resource}/1/xhr-polling/${session}`, { method: 'POST', body: '3:::'.padEnd(bytes, 'x') });
  assert.equal((await post(1000)).status, 200);
  const answer = await post(1001);
  assert.equal(answer.status, 413);
  assert.equal(await answer.text(), 'a message may have 1000 bytes');
});

test('LOG_LEVEL reaches Socket.IO', async t => {
  const { origin, output, stop } = await startApplication(t, { env: { LOG_LEVEL: 'debug' } });
  await next(connect(t, origin), 'connect');
  await stop('SIGKILL');
  assert.match(output(), / debug handshake [^]* debug connected /);
});

test('a session that the server does not know is sent back, and not logged: after a restart that is every client', async t => {
  const { origin, output, stop } = await startApplication(t);
  const answer = await fetch(`${origin}${resource}/1/xhr-polling/of-another-process--`);
  assert.equal(answer.status, 404);
  await stop('SIGKILL');
  assert.doesNotMatch(output(), /warn/);
});

test('a poll that waits keeps no headers of its request, and keeps its URL, which a log of requests may read', async t => {
  const requests: IncomingMessage[] = [];
  const { port } = serve(t, io => io.sockets.on('connection', () => undefined), {}, server => {
    server.prependListener('request', (req: IncomingMessage) => requests.push(req));
  });
  const client = await session(port);
  const waits = nextPoll(client.id);
  void client.poll().catch(() => undefined); // the test ends while the poll waits
  await waits;
  const { url, headers, rawHeaders } = requests.at(-1)!;
  assert.deepEqual({ headers, rawHeaders }, { headers: {}, rawHeaders: [] });
  assert(url!.includes(client.id));
});
