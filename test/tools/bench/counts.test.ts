/*
 * Counts the work of the server for each message: its writes, answers, timers and listeners, and
 * the texts that it makes. If a change adds work, this test fails on any machine. The benchmark
 * measures the time of the work. This test has the clients and the application of the benchmark.
 */
import assert from 'node:assert/strict';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { describe, test, TestContext } from 'node:test';
import type { Server } from '../../../src/realtime';
import { Crowd, MakeClient, polling } from '../../../tools/bench/client';
import { ask, burst, exchange } from '../../../tools/bench/messages';
import { legacy, numbered } from '../../../tools/bench/protocols';
import { app } from '../../../tools/bench/servers/app';
import { webSocket } from '../../../tools/bench/socket';
import { numberedSocket } from '../../../tools/bench/socket-protocols';
import { appPath } from '../../support/template';
import { until } from '../../support/wait';
import { Loose, serve } from '../../support/raw';

const polls: Record<string, MakeClient> = { 'a client of 0.9': polling(legacy), 'a client of realtime.js': polling(numbered) };

/** Starts a server in this process, and counts the polls, answers and writes on its connections. */
function counting(t: TestContext) {
  const counts = { polls: 0, answers: 0, writes: 0, gathered: 0 };
  const sockets: Socket[] = [];
  let waiting = 0;
  let listening = 0;
  const count = (server: HttpServer) => {
    server.on('connection', socket => {
      sockets.push(socket);
      for (const [name, figure] of [['_write', 'writes'], ['_writev', 'gathered']] as const) {
        replace(socket, name, original => function (this: unknown, ...args) {
          counts[figure] += 1;
          return original.apply(this, args);
        });
      }
    });
    server.prependListener('request', (req, res) => {
      waiting += 1;
      replace(res, 'end', original => function (this: unknown, ...args) {
        waiting -= 1;
        counts.answers += 1;
        if (req.method === 'GET') counts.polls += 1;
        return original.apply(this, args);
      });
    });
    // The server has had the request by now.
    server.on('request', (req, res) => { listening += res.listenerCount('close') + req.listenerCount('close'); });
  };
  let io!: Server<Loose, Loose>;
  const { port } = serve(t, made => app(io = made), { APP_PATH: appPath, TRANSPORTS: 'websocket,xhr-polling' }, count);
  return {
    io, counts,
    /** Opens the sessions of some clients. Their polls wait afterwards. */
    open: async (make: MakeClient, clients: number) => {
      const crowd = new Crowd([port], make);
      t.after(() => crowd.close());
      await crowd.add(clients);
      return crowd;
    },
    settled: (clients: number) => until(() => waiting === clients, 'the polls of all clients, and nothing else, to wait'),
    reset: () => Object.assign(counts, { polls: 0, answers: 0, writes: 0, gathered: 0 }),
    /** Counts the listeners for the end of a request or an answer, over all requests. */
    listening: () => listening,
    listeners: () => sockets.map(socket => socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0)),
  };
}

type Any = (this: unknown, ...args: any[]) => unknown;

/** Replaces a function of an object. @returns a function that puts the original back */
function replace(on: object, name: string, make: (original: Any) => Any): () => void {
  const functions = on as Record<string, Any>;
  const original = functions[name]!;
  functions[name] = make(original);
  return () => { functions[name] = original; };
}

/**
 * Counts the calls of a function of an object while the test runs.
 * @param counts says, by the result of a call, whether the call counts
 * @returns a function that returns the number of calls
 */
function watch(t: TestContext, on: object, name: string, counts: (result: unknown) => boolean = () => true): () => number {
  let calls = 0;
  t.after(replace(on, name, original => function (this: unknown, ...args) {
    const result = original.apply(this, args);
    if (counts(result)) calls += 1;
    return result;
  }));
  return () => calls;
}

/**
 * Says whether a source of the server is the caller of the watched function. Parts of node call the
 * function, too.
 */
function isOurs(): boolean {
  const [, , , caller] = new Error().stack!.split('\n');
  return /[\\/]src[\\/]realtime[\\/]/.test(caller!);
}

describe('for each message the server does no more than it has to', () => {
  for (const [name, make] of Object.entries(polls)) {
    test(`${name}: an acknowledgement and an event, or ten events of one tick, are one poll; an answer is one write`, async t => {
      const { open, settled, counts, reset, listeners, listening } = counting(t);
      const crowd = await open(make, 1);
      const [client] = crowd.clients;
      await crowd.orFailure(exchange(client!, ask)); // this opens the connection for POSTs
      await settled(1);
      const before = listeners();
      assert.equal(before.length, 2, 'two connections, which are kept');
      const timers = ['setTimeout', 'setInterval', 'setImmediate'].map(timer => watch(t, globalThis, timer));
      for (const [talk, times] of [[ask, 100], [burst, 20]] as const) {
        reset();
        for (let i = 0; i < times; i++) await crowd.orFailure(exchange(client!, talk));
        await settled(1);
        assert.deepEqual(counts, { polls: times, answers: times * 2, writes: times * 2, gathered: 0 }, `${times} times ${talk.event}`);
      }
      const [timeouts, intervals, turns] = timers.map(calls => calls());
      assert.deepEqual([timeouts, intervals], [0, 0], 'no timer');
      assert.equal(turns, 120, 'the end of the turn of each message');
      assert.deepEqual(listeners(), before, 'no listener that stays');
      assert.equal(listening(), 0, 'no listener of ours for the end of a request');
    });

    test(`${name}: a broadcast is made into text once, and is sent at the end of the turn to all at once`, async t => {
      const { io, open, settled, counts, reset } = counting(t);
      const crowd = await open(make, 50);
      await settled(50);
      const text = `news for ${name}`;
      const heard = Promise.all(crowd.clients.map(client => new Promise<void>(resolve => {
        client.heard = message => {
          assert.deepEqual(message, ['news', text]);
          resolve();
        };
      })));
      const made = watch(t, JSON, 'stringify', result => String(result).includes(text));
      const turns = watch(t, globalThis, 'setImmediate', isOurs);
      reset();
      io.sockets.emit('news', text);
      assert.equal(counts.answers, 0, 'nothing before the turn ends');
      assert.equal(turns(), 1, 'one end of the turn for one broadcast');
      await crowd.orFailure(heard);
      await settled(50);
      assert.equal(made(), 1, 'made into JSON once');
      assert.deepEqual(counts, { polls: 50, answers: 50, writes: 50, gathered: 0 });
    });
  }

  test('a client of realtime.js with a WebSocket: what one tick brings is one write, with what says that its message has arrived', async t => {
    const { open, counts, reset } = counting(t);
    const crowd = await open(webSocket(numberedSocket), 1);
    for (const [talk, times] of [[ask, 100], [burst, 20]] as const) {
      reset();
      for (let i = 0; i < times; i++) await crowd.orFailure(exchange(crowd.clients[0]!, talk));
      assert.deepEqual(counts, { polls: 0, answers: 0, writes: 0, gathered: times }, `${times} times ${talk.event}`);
    }
  });
});
