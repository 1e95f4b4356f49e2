/*
 * Tests of YOUR APPLICATION, src/app.ts. If you change src/app.ts, change these tests too. Each
 * test starts the built server, and talks to it with a client of Socket.IO 0.9, as a page does.
 * `npm test -- app.test` builds the server and runs this file alone.
 *
 * To write your own:
 * - startApp(t) starts your server on a free port. The server ends with the test.
 * - connect(t, origin) opens a connection.
 * - await next(client, 'name') waits for an event.
 * - ask(client, 'name', …) sends an event, and waits for its acknowledgement.
 * An event may come at once. So call next() before the step that causes the event.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, connect, next } from './support/client';
import { startApp } from './support/server';

test('a message is acknowledged with its text, and answered', async t => {
  const { origin } = await startApp(t);
  const client = connect(t, origin);
  const response = next(client, 'response');
  assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
  assert.deepEqual(await response, ['Got it!']);
});

test('a message goes to everyone else', async t => {
  const { origin } = await startApp(t);
  const first = connect(t, origin);
  await next(first, 'clients');
  const both = next(first, 'clients');
  const second = connect(t, origin);
  assert.deepEqual(await both, [2]);
  const heard = next(first, 'message');
  second.emit('message', 'hello');
  assert.deepEqual(await heard, ['hello']);
});

test('a message that asks for no acknowledgement is answered all the same', async t => {
  const { origin } = await startApp(t);
  const client = connect(t, origin);
  const response = next(client, 'response');
  client.emit('message', 'hello');
  assert.deepEqual(await response, ['Got it!']);
});

test('everyone is told how many clients are connected', async t => {
  const { origin } = await startApp(t);
  const first = connect(t, origin);
  assert.deepEqual(await next(first, 'clients'), [1]);
  const again = next(first, 'clients');
  const second = connect(t, origin);
  assert.deepEqual(await next(second, 'clients'), [2]);
  assert.deepEqual(await again, [2]);
});
