/*
 * Polls that say how long they wait. A tab sends them to leave the browser's connections to others.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, TestContext } from 'node:test';
import type { Socket } from '../../src/realtime';
import { event, Loose, Served, serve, split } from '../support/raw';
import { request } from '../support/request';
import { resource } from '../support/template';
import { takesLess } from '../support/wait';

interface Page {
  poll: (wait?: number) => Promise<string[]>;
  post: (body: string) => Promise<number>;
}

/** Connects a client that sends the requests of public/realtime.js. */
async function page({ port }: Served): Promise<Page> {
  let got = 0;
  const query = () => `got=${got}&try=1`;
  const handshake = await request({ port, path: `${resource}/1/?${query()}` });
  const id = handshake.text.split(':')[0]!;
  const path = `${resource}/1/xhr-polling/${id}`;
  return {
    async poll(wait) {
      const more = wait === undefined ? '' : `&wait=${wait}`;
      const { text } = await request({ port, path: `${path}?${query()}${more}&t=1` });
      const packets = split(text);
      for (const packet of packets) {
        const number = /^[3-6]:(\d+)/.exec(packet)?.[1];
        if (number) got = Number(number);
      }
      return packets;
    },
    async post(body) {
      return (await request({ port, path: `${path}?${query()}`, method: 'POST' }, body)).status;
    },
  };
}

test('a poll with wait=0 is answered at once, with all that waits or that nothing does', async t => {
  // No poll waits here: one that does would take 20 s.
  await takesLess(10000, () => askShortly(t));
});

/** @returns how long nine polls and two POSTs took, ms */
async function askShortly(t: TestContext): Promise<number> {
  let socket!: Socket<Loose, Loose>;
  const served = serve(t, io => io.sockets.on('connection', one => {
    socket = one;
    one.emit('welcome');
    one.on('say', (_text, done: () => void) => done());
  }));
  const { poll, post } = await page(served);
  const began = Date.now();
  assert.deepEqual(await poll(0), ['1::', '5:1::{"name":"welcome"}']);
  assert.deepEqual(await poll(0), ['8::']);
  socket.emit('a');
  socket.emit('b');
  assert.deepEqual(await poll(0), ['5:2::{"name":"a"}', '5:3::{"name":"b"}']);
  await post(event('say', ['hello'], '1+'));
  // The short poll is told at once which messages have arrived. A poll that waits is told a second
  // later.
  assert.deepEqual(await poll(0), ['6:::1', '6:4::1']);
  await post(event('say', ['hello'], '2'));
  assert.deepEqual(await poll(0), ['6:::2']);
  assert.deepEqual(await poll(0), ['8::']);
  return Date.now() - began;
}

test('a poll with wait=1 waits a second, and one without it for longer', async t => {
  let socket!: Socket<Loose, Loose>;
  const served = serve(t, io => io.sockets.on('connection', one => socket = one));
  const { poll } = await page(served);
  await poll();
  await takesLess(5000, async () => {
    const began = Date.now();
    assert.deepEqual(await poll(1), ['8::']);
    const took = Date.now() - began;
    assert(took >= 1000, `${took} ms`);
    return took;
  });
  // This poll waits, so it brings an event that is emitted meanwhile.
  const waiting = poll(1);
  await sleep(200);
  socket.emit('news');
  assert.deepEqual(await waiting, ['5:1::{"name":"news"}']);
  const long = poll();
  assert.equal(await Promise.race([long, sleep(4000, 'waits')]), 'waits');
  socket.emit('more');
  assert.deepEqual(await long, ['5:2::{"name":"more"}']);
});

test('a volatile emit waits for a client whose polls do not, as for any other', async t => {
  let socket!: Socket<Loose, Loose>;
  const served = serve(t, io => io.sockets.on('connection', one => socket = one));
  const { poll } = await page(served);
  await poll(0);
  socket.volatile.emit('price', 1);
  socket.volatile.emit('price', 2);
  assert.deepEqual(await poll(0), ['5:::{"name":"price","args":[2]}']);
  assert.deepEqual(await poll(0), ['8::']);
});

test('a client whose polls do not wait may be away for as long as another', async t => {
  const served = serve(t, () => undefined, { SESSION_TIMEOUT: '10' });
  const { poll } = await page(served);
  await poll(0);
  await sleep(3500);
  assert.equal(served.clients(), 1);
  assert.deepEqual(await poll(0), ['8::']);
});
