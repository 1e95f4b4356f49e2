/*
 * io.on('clients', …) tells the application the number of clients at most once a second, however
 * many clients come and go. The applications here send the number to all clients, as most
 * applications will. So each telling costs one event for each client.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../../../src/realtime';
import { Client, Crowd, MakeClient, polling } from '../../../tools/bench/client';
import { legacy, numbered } from '../../../tools/bench/protocols';
import { handshake, Loose, serve, session } from '../../support/raw';
import { until } from '../../support/wait';

/** Starts a server that tells all clients their number, and counts the events that it sends. */
function counting(t: TestContext) {
  const seen = { tellings: [] as number[], events: 0 };
  let io!: Server<Loose, Loose>;
  const { port, clients } = serve(t, made => {
    io = made;
    io.on('clients', count => {
      seen.tellings.push(count);
      seen.events += io.sockets.clients().length;
      io.sockets.emit('clients', count);
    });
  });
  return { io, port, clients, seen };
}

/** Makes clients that take every message. The default client throws at a message. */
function deaf(make: MakeClient): MakeClient {
  return (port, failed) => {
    const client: Client = make(port, failed);
    client.heard = () => undefined;
    return client;
  };
}

/** Opens the sessions of `count` clients at once. @returns the time until all are open, s */
async function come(t: TestContext, port: number, make: MakeClient, count: number): Promise<number> {
  const crowd = new Crowd([port], deaf(make));
  t.after(() => crowd.close());
  const start = performance.now();
  await crowd.add(count, count);
  return (performance.now() - start) / 1000;
}

/**
 * Returns the largest number of tellings while clients come and go for some seconds: one at once,
 * one for each second that begins, and one at the end.
 */
const most = (seconds: number) => 2 + Math.ceil(seconds);

describe('the number of clients is told at most once a second', { concurrency: true }, () => {
  for (const [name, protocol] of Object.entries({ 0.9: legacy, 'realtime.js': numbered })) {
    test(`clients of ${name} that come at once, and twice as many`, async t => {
      for (const count of [150, 300]) {
        const { port, seen } = counting(t);
        const took = await come(t, port, polling(protocol), count);
        await until(() => seen.tellings.at(-1) === count, 'the last telling');
        const { tellings, events } = seen;
        t.diagnostic(`${count} clients: ${tellings.length} tellings, ${events} events`);
        assert(tellings.length <= most(took + 1), `${tellings.length} tellings in ${took} s`);
        assert(events <= count * tellings.length, `${events} events`);
      }
    });
  }

  test('clients that the application sends away in one turn of the event loop', async t => {
    for (const count of [150, 300]) {
      const { io, port, seen } = counting(t);
      await come(t, port, polling(legacy), count);
      await until(() => seen.tellings.at(-1) === count, 'the last telling');
      await sleep(1100);
      Object.assign(seen, { tellings: [], events: 0 });
      for (const socket of io.sockets.clients()) socket.disconnect();
      assert.deepEqual(seen.tellings, [count - 1], 'the first is told at once');
      await until(() => seen.tellings.at(-1) === 0, 'the last telling');
      assert.deepEqual(seen.tellings, [count - 1, 0]);
      assert(seen.events <= count, `${seen.events} events for ${count} clients`);
    }
  });

  test('clients that time out in one sweep', async t => {
    const { io, port, clients, seen } = counting(t);
    const crowd = new Crowd([port], deaf(polling(legacy)));
    await crowd.add(200, 200);
    await until(() => seen.tellings.at(-1) === 200, 'the last telling');
    await sleep(1100);
    Object.assign(seen, { tellings: [], events: 0 });
    const start = performance.now();
    io.set('close timeout', 1);
    crowd.close();
    await until(() => clients() === 0 && seen.tellings.at(-1) === 0, 'all to be gone, and told');
    const seconds = (performance.now() - start) / 1000;
    assert(seen.tellings.length <= most(seconds - 1), `${seen.tellings.join(' ')} in ${seconds} s`);
  });
});

// This test runs after the others, because hundreds of clients in this process would make it slow.
test('a client that comes as another one goes is told, though the number is the same', async t => {
  const told = '5:::{"name":"clients","args":[1]}';
  for (let time = 1; ; time++) {
    const { io, port, seen } = counting(t);
    const first = await handshake(port);
    const start = performance.now();
    assert.deepEqual(await first.poll(), ['1::', told], 'the first, at once');
    const second = await handshake(port);
    for (const socket of io.sockets.clients()) socket.disconnect();
    const packets = await second.poll();
    // On a busy machine, the second can be over before the client has come. Then the test begins anew.
    if (performance.now() - start >= 1000 && time < 5) continue;
    assert.deepEqual(packets, ['1::']);
    assert.deepEqual(await second.poll(), [told], 'the second, within a second');
    assert.deepEqual(seen.tellings, [1, 1]);
    return;
  }
});

// This test runs alone, because all tests in this file have the same clock.
describe('the number of clients and the clock', () => {
  test('what is told does not wait for a clock that is set back', async t => {
    const { port, seen } = counting(t);
    await session(port);
    const { now } = Date;
    t.after(() => { Date.now = now; });
    Date.now = () => now() - 3600000;
    await session(port);
    await sleep(1200);
    assert.deepEqual(seen.tellings, [1, 2]);
  });
});
