/*
 * Volatile emits that a client cannot take at once. The newest emit of each event and room waits.
 * The next poll brings it, in its place among the other messages.
 */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../../src/realtime';
import { Delivery } from '../../src/realtime/session/delivery';
import { Outbox } from '../../src/realtime/session/outbox';
import { Random } from '../support/random';
import { event, handshake, nextPoll, Raw, serve, session, split } from '../support/raw';
import { request } from '../support/request';
import { resource } from '../support/template';

interface Scene {
  io: Server;
  port: number;
  client: Raw;
}

/** Makes a client that is between two polls. */
async function scene(t: TestContext, env: Record<string, string> = {}): Promise<Scene> {
  let io!: Server;
  const { port } = serve(t, made => { io = made; }, env);
  return { io, port, client: await session(port) };
}

test('the newest of each event and room goes with the next poll, in its place', async t => {
  const { io, client } = await scene(t);
  const socket = io.sockets.socket(client.id);
  socket.join('tea');
  socket.emit('a');
  for (let i = 1; i <= 3; i++) {
    socket.volatile.emit('price', i);
    io.sockets.volatile.emit('price', i * 10);
    io.sockets.in('tea').volatile.emit('price', i * 100);
    io.sockets.volatile.emit('weather', i);
    if (i === 2) socket.emit('b');
  }
  socket.emit('c');
  assert.deepEqual(await client.poll(), [
    event('a'), event('b'), event('price', [3]), event('price', [30]), event('price', [300]),
    event('weather', [3]), event('c'),
  ].map(packet => packet.replace(',"args":[]', '')));
  socket.emit('d');
  assert.deepEqual(await client.poll(), ['5:::{"name":"d"}'], 'each goes once');
});

test('a poll is answered at once by a value that waits, and by nothing that has gone', async t => {
  const { io, client } = await scene(t);
  io.set('polling duration', 1);
  io.sockets.volatile.emit('price', 1);
  assert.deepEqual(await client.poll(), [event('price', [1])]);
  assert.deepEqual(await client.poll(), ['8::']);
});

test('text and JSON are messages to the page: the newest of them goes', async t => {
  const { io, client } = await scene(t);
  io.sockets.volatile.send('a');
  io.sockets.volatile.json.send([1]);
  assert.deepEqual(await client.poll(), ['4:::[1]']);
});

test('whoever waits gets each value, and a handshake that is no more gets none', async t => {
  const { io, port, client } = await scene(t);
  const late = await handshake(port);
  const begun = nextPoll(client.id);
  const waiting = client.poll();
  await begun;
  io.sockets.volatile.emit('price', 1);
  io.sockets.volatile.emit('price', 2);
  assert.deepEqual(await waiting, [event('price', [1]), event('price', [2])]);
  assert.deepEqual(await late.poll(), ['1::']);
});

test('a client of realtime.js that comes back has it behind what was lost', async t => {
  let io!: Server;
  const { port } = serve(t, made => { io = made; });
  const ask = async (query: string, id = '') => {
    const path = `${resource}/1/${id && `xhr-polling/${id}`}?${query}`;
    return (await request({ port, path })).text;
  };
  const id = (await ask('got=0&try=1')).split(':')[0]!;
  await ask('got=0&try=1', id);
  const socket = io.sockets.socket(id);
  socket.emit('a');
  socket.volatile.emit('price', 1);
  const both = ['5:1::{"name":"a"}', event('price', [1])];
  assert.deepEqual(split(await ask('got=0&try=1', id)), both);
  // No poll says that this answer has arrived. So the server keeps its messages for another try,
  // but not the volatile price.
  socket.emit('b');
  socket.volatile.emit('price', 2);
  socket.emit('c');
  await ask(`got=0&try=2&session=${id}`);
  socket.volatile.emit('price', 3);
  assert.deepEqual(split(await ask('got=0&try=2', id)), [
    '6:::0', '1::', '5:1::{"name":"a"}', '5:2::{"name":"b"}', '5:3::{"name":"c"}',
    event('price', [3]),
  ]);
});

test('values are bounded, and end no session', async t => {
  const { io, client } = await scene(t, { MAX_WAITING_BYTES: '10000' });
  for (let i = 0; i < 1000; i++) io.sockets.volatile.emit(`price ${i}`, i);
  const packets = await client.poll();
  assert(packets.length > 10 && packets.length < 25, `${packets.length} packets`);
  assert.equal(packets[0], event('price 0', [0]));
  // An emit that is too large is lost, together with the older emit of its kind.
  io.sockets.volatile.emit('price', 1);
  io.sockets.volatile.emit('price', 'x'.repeat(6000));
  io.sockets.volatile.emit('weather', 1);
  assert.deepEqual(await client.poll(), [event('weather', [1])]);
});

test('at 20 values a second each client sees the newest one with each poll', async t => {
  const { io, port } = await scene(t);
  const random = new Random(1, 0);
  const clients = await Promise.all(Array.from({ length: 5 }, () => session(port)));
  let value = 0;
  const last = 60;
  const watching = clients.map(async client => {
    for (let seen = 0; seen < last;) {
      await sleep(random.below(100));
      const before = value;
      const packets = await client.poll();
      const values = packets.map(packet => Number(/\[(\d+)\]/.exec(packet)![1]));
      assert.deepEqual(values, [...values].sort((a, b) => a - b));
      assert(values[0]! > seen, 'none comes twice');
      seen = values.at(-1)!;
      assert(seen >= before, `saw ${seen}, though ${before} was there before the poll`);
    }
  });
  while (value < last) {
    await sleep(50);
    value += 1;
    io.sockets.volatile.emit('price', value);
  }
  await Promise.all(watching);
});

test('after any steps: the same packets in the same order as in a plain list, all counted', () => {
  for (let seed = 1; seed <= 200; seed++) compare(seed);
});

/** A packet of the plain list with which the test compares the outbox. */
interface Listed { packet: string; kind?: string; keep?: boolean }

/** Makes the same random steps with an outbox and with a plain list, and compares the two. */
function compare(seed: number): void {
  const random = new Random(seed, 0);
  const delivers = random.below(2) === 0;
  let counted = 0;
  const onWait = (change: number) => { counted += change; };
  const outbox = new Outbox(delivers ? new Delivery() : null, { onWait, onNewest: onWait });
  const hold = {
    packets: 0, kept: 0, isOn: false, clear() {},
    add() { if (hold.isOn) hold.packets += 1; },
  };
  if (delivers) outbox.hold = hold;
  let list: Listed[] = [];
  for (let step = 0; step < 60; step++) {
    const where = `seed ${seed}, step ${step}`;
    const packet = `5:::${JSON.stringify({ name: step })}`;
    const what = random.below(10);
    if (what < 3) {
      outbox.add(packet, false);
      list.push({ packet });
    } else if (what < 7) {
      const kind = String(random.below(3));
      outbox.addNewest(packet, kind, 10000);
      list = [...list.filter(one => one.kind !== kind), { packet, kind }];
    } else if (what === 7 && delivers) {
      hold.isOn = !hold.isOn;
      if (!hold.isOn) hold.packets = 0;
    } else if (what === 8 && delivers) {
      outbox.greet('1::');
      list = [{ packet: '6:::0' }, { packet: '1::' }, ...list];
    } else {
      // These are the packets before the first packet that is held back.
      const queued = list.filter(({ kind }) => kind === undefined);
      const first = queued[queued.length - hold.packets];
      const count = first ? list.indexOf(first) : list.length;
      assert.equal(outbox.isDue(), count > 0, where);
      const expected = list.slice(0, count).map(one => one.packet);
      assert.deepEqual(outbox.collect(), expected, where);
      list = list.slice(count);
      if (list.length === 0) assert.equal(outbox.size, 0, where);
    }
    assert.equal(counted, outbox.size, where);
  }
  outbox.clear();
  assert.deepEqual([outbox.size, counted, outbox.collect()], [0, 0, []]);
}
