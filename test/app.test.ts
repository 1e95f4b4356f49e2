/*
 * Tests of YOUR APPLICATION, src/app.ts: change them along with it. Each starts the server as it is
 * built, and talks to it with a client of Socket.IO 0.9, as a page does. `npm test -- app.test` builds the
 * server and runs this file alone.
 *
 * To write your own:
 * - startApp(t) starts your server on a free port; it ends with the test.
 * - connect(t, origin) opens a connection. To wait for an event: await next(client, 'name').
 * - ask(client, 'name', …) sends an event, and waits for its acknowledgement.
 * Ask for an event with next() before you do what brings it: it may come at once.
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
