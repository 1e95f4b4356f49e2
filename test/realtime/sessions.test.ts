import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test, TestContext } from 'node:test';
import { deployApplication } from '../support/application';
import { connectRealtime } from '../support/client';
import { request } from '../support/request';
import { startServer } from '../support/server';
import { resource } from '../support/template';
import { until } from '../support/wait';
import { freePort } from '../../tools/free-port';
import type { Server } from '../../src/realtime';
import { event, handshake, join, Loose, serve, split } from '../support/raw';

/*
 * Sessions of public/realtime.js: messages are numbered, kept and sent again. The first tests send
 * the requests one by one, the others use the script itself.
 */

/** Opens a session whose messages are numbered. Its polls say which messages have arrived. */
async function numbered(port: number, query = '?got=0') {
  const { id, post } = await handshake(port, query);
  const poll = async (got: number) => split((await request({ port, path: `${resource}/1/xhr-polling/${id}?got=${got}` })).text);
  return { id, post, poll };
}

function echo(t: TestContext, env = {}) {
  const heard: unknown[] = [];
  const ends: string[] = [];
  const served = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('n', (n: unknown) => heard.push(n));
    socket.on('tell', (...what: unknown[]) => { for (const one of what) socket.emit('told', one); });
    socket.on('volatile', () => { socket.volatile.emit('passing'); });
    socket.on('ask', () => { socket.emit('asked', (answer: unknown) => heard.push(answer)); });
    socket.on('disconnect', (reason: string) => ends.push(reason));
  }), env);
  return { ...served, heard, ends };
}

describe('sessions of public/realtime.js', { concurrency: true }, () => {
  test('messages to the client are numbered, and sent again until a poll says that they have arrived', async t => {
    const { port } = echo(t);
    const { poll, post } = await numbered(port);
    assert.deepEqual(await poll(0), ['1::']);
    await post(event('tell', ['a', 'b'], '1'));
    const both = ['5:1::{"name":"told","args":["a"]}', '5:2::{"name":"told","args":["b"]}'];
    assert.deepEqual(await poll(0), ['6:::1', ...both]);
    assert.deepEqual(await poll(0), both, 'that answer was lost');
    assert.deepEqual(await poll(1), both.slice(1));
    await post(event('tell', ['c'], '2'));
    assert.deepEqual(await poll(2), ['6:::2', '5:3::{"name":"told","args":["c"]}']);
    const waiting = poll(999); // a client cannot have a message that was never sent
    await post(event('tell', ['d'], '3'));
    assert.deepEqual(await waiting, ['6:::3', '5:4::{"name":"told","args":["d"]}']);
  });

  test('messages of the client count once, in order; where one is missing the client is sent back to send it again', async t => {
    const { port, heard } = echo(t);
    const { id, poll, post } = await numbered(port);
    await poll(0);
    await post(join([event('n', [1], '1'), event('n', [2], '2')]));
    await post(join([event('n', [1], '1'), event('n', [2], '2'), event('n', [3], '3')]));
    assert.deepEqual(heard, [1, 2, 3]);
    assert.deepEqual(await poll(0), ['6:::3'], 'the next poll waits, because nothing is left to say');
    const waiting = poll(0);
    await post(event('n', [5], '5'));
    const packets = await waiting;
    assert.deepEqual(packets, ['client not handshaken']);
    assert.deepEqual(await poll(0), ['client not handshaken'], 'it has to come back with a handshake');
    const back = await numbered(port, `?got=0&session=${id}`);
    assert.equal(back.id, id);
    assert.deepEqual(await back.poll(0), ['6:::3', '1::']);
    await back.post(join([event('n', [4], '4'), event('n', [5], '5')]));
    assert.deepEqual(heard, [1, 2, 3, 4, 5]);
  });

  test('a handshake that names the session goes on with it: same id, nothing lost, no end and no beginning for the application', async t => {
    const { port, ends, clients, heard } = echo(t);
    const { id, poll, post } = await numbered(port);
    await poll(0);
    await post(event('tell', ['a'], '1'));
    await poll(0); // this answer is lost on its way
    await poll(0); // and so is this one
    await post(event('n', ['before it comes back'], '2'));
    const back = await numbered(port, `?got=0&session=${id}`);
    assert.equal(back.id, id);
    assert.deepEqual(await back.poll(0), ['6:::2', '1::', '5:1::{"name":"told","args":["a"]}']);
    assert.equal(clients(), 1);
    assert.deepEqual(ends, []);
    assert.deepEqual(heard, ['before it comes back']);
  });

  test('a session that nobody comes back to ends after SESSION_TIMEOUT; later it is a new one', async t => {
    const { port, ends, clients } = echo(t, { SESSION_TIMEOUT: '10' });
    const { id, poll } = await numbered(port);
    const before = performance.now();
    await poll(0);
    assert.equal(clients(), 1);
    await until(() => clients() === 0, 'its end');
    // A busy machine can only make this time longer.
    const seconds = (performance.now() - before) / 1000;
    assert(seconds >= 9.9, `it ended after ${seconds} s`);
    assert.deepEqual(ends, ['close timeout']);
    assert.notEqual((await numbered(port, `?got=5&session=${id}`)).id, id);
  });

  test('what is volatile has no number, and an acknowledgement travels under the number of its message', async t => {
    const { port, heard } = echo(t);
    const { poll, post } = await numbered(port);
    await poll(0);
    const waiting = poll(0);
    await sleep(200); // by now the poll waits
    await post(join([event('volatile', [], '1'), event('ask', [], '2')]));
    assert.deepEqual(await waiting, ['6:::2', '5:::{"name":"passing"}', '5:1+::{"name":"asked"}']);
    await post(event('volatile', [], '3')); // no poll waits now
    await post('6:4::1+["yes"]');
    await post('6:4::1+["yes"]');
    assert.deepEqual(heard, ['yes']);
    const [ack, ...others] = await poll(1);
    assert.deepEqual([ack, others], ['6:::4', ['5:::{"name":"passing"}']]);
  });

  test('what has arrived is said with what is sent anyway; where nothing is, a second or two later, in one packet', async t => {
    const { port } = echo(t);
    for (let time = 1; ; time++) {
      const { poll, post } = await numbered(port);
      await poll(0);
      const start = Date.now();
      const waiting = poll(0);
      for (let n = 1; n <= 5; n++) await post(event('n', [n], String(n)));
      const isLate = Date.now() - start >= 1000;
      const told = await waiting;
      // On a busy machine, the second can be over before all five have come. Then another client tries.
      if (isLate && time < 5) continue;
      assert.deepEqual(told, ['6:::5']);
      assert(Date.now() - start >= 1000);
      return;
    }
  });

  test('too much kept for a client that is away ends its session: the application is told, and so is the client', async t => {
    const { port, ends } = echo(t, { MAX_WAITING_BYTES: '10000' });
    const { id, poll, post } = await numbered(port);
    await poll(0);
    await post(event('tell', ['x'.repeat(6000)], '1'));
    assert.equal((await poll(0)).length, 2);
    // The server still keeps the first message: no poll has said that it has arrived.
    await post(event('tell', ['x'.repeat(6000)], '2'));
    await until(() => ends.length === 1, 'its end');
    assert.deepEqual(ends, ['too much waits']);
    assert.notEqual((await numbered(port, `?got=1&session=${id}`)).id, id);
  });

  test('a plain client of 0.9 cannot take over a session, nor its messages be numbered', async t => {
    const { port } = echo(t);
    const plain = await handshake(port);
    await plain.poll();
    assert.notEqual((await handshake(port, `?session=${plain.id}`)).id, plain.id);
    await plain.post(event('tell', ['a'], '7'));
    assert.deepEqual(await plain.poll(), ['6:::7', '5:::{"name":"told","args":["a"]}']);
  });

  test('a session that the server has ended for good: the client that comes back is told, and stays away', async t => {
    const { port } = serve(t, io => io.sockets.on('connection', socket => { socket.on('end', () => socket.disconnect()); }));
    const { id, poll, post } = await numbered(port);
    await poll(0);
    await post(event('end', [], '1'));
    const back = await numbered(port, `?got=0&session=${id}`);
    assert.deepEqual(await back.poll(0), ['6:::1', '1::', '0::']);
  });

  function open(t: TestContext, port: number) {
    const connection = connectRealtime(port);
    t.after(() => connection.close());
    const states: { state: string; recovered?: boolean }[] = [];
    connection.on('status', status => states.push(status));
    return { connection, states };
  }

  test('realtime.js: a server that was killed gets what it may not have again; what it had and did not answer is said to be lost', async t => {
    const folder = deployApplication(t);
    const env = { PORT: String(await freePort()) };
    const first = await startServer(t, { folder, env });
    const { connection, states } = open(t, first.port);
    const answers: unknown[] = [];
    connection.emit('message', 'one', (answer: unknown) => answers.push(answer));
    connection.emit('no such event', (answer: unknown) => answers.push(answer)); // has no handler
    await until(() => answers.length === 1, 'the first answer');
    await sleep(2500); // by now the client knows that the server has both messages
    await first.stop('SIGKILL');
    await until(() => states.some(({ state }) => state === 'reconnecting'), 'the loss');
    for (const text of ['two', 'three']) connection.emit('message', text, (answer: unknown) => answers.push(answer));
    await startServer(t, { folder, env });
    await until(() => answers.length === 4, 'all answers');
    assert.deepEqual(answers, ['one', { error: 'the server was restarted before it answered' }, 'two', 'three']);
    assert.deepEqual(states.filter(({ state }) => state === 'connected').map(({ recovered }) => recovered), [false, false]);
  });

  test('realtime.js: what the page emits when it is told of a new session goes before what waited', async t => {
    const heard: string[] = [];
    const app = (io: Server<Loose, Loose>) => io.sockets.on('connection', socket => {
      for (const event of ['join', 'say']) socket.on(event, (text: string) => heard.push(`${event} ${text}`));
    });
    const { port } = serve(t, app);
    const { connection } = open(t, port);
    let rooms = 0;
    connection.on('status', ({ state, recovered }) => { if (state === 'connected' && !recovered) connection.emit('join', String(rooms += 1)); });
    for (const text of ['a', 'b']) connection.emit('say', text);
    await until(() => heard.length === 3, 'all of it');
    assert.deepEqual(heard, ['join 1', 'say a', 'say b']);
  });

  test('realtime.js: 3,000 messages and 40 of 50 KB emitted at once arrive in order; what cannot be kept is refused at once', async t => {
    const heard: number[] = [];
    const { port } = serve(t, io => io.sockets.on('connection', socket => { socket.on('n', (n: number) => heard.push(n)); }));
    const { connection } = open(t, port);
    for (let n = 0; n < 3000; n++) connection.emit('n', n);
    for (let n = 3000; n < 3040; n++) connection.emit('n', n, 'x'.repeat(50000));
    await until(() => heard.length === 3040, 'all of them', 60);
    assert.deepEqual(heard, Array.from({ length: 3040 }, (_, n) => n));
    assert.throws(() => connection.emit('n', 'é'.repeat(600000)), /too large/);
    const away = open(t, 1); // no server listens on port 1
    for (let n = 0; n < 5000; n++) away.connection.emit('n', n);
    assert.throws(() => away.connection.emit('n', 5000), /5000 messages wait/);
    away.connection.close();
    assert.throws(() => away.connection.emit('n'), /closed/);
  });

  test('realtime.js over a WebSocket: what was under way when it broke arrives, once', async t => {
    const heard: number[] = [];
    const sockets = new Set<{ destroy: () => void }>();
    const { port } = serve(t, io => io.sockets.on('connection', socket => {
      socket.on('n', (n: number) => {
        heard.push(n);
        socket.emit('m', n);
        if (n % 100 === 50) for (const one of sockets) one.destroy();
      });
    }), { TRANSPORTS: 'websocket,xhr-polling' }, server => server.on('connection', socket => sockets.add(socket)));
    const { connection, states } = open(t, port);
    const back: number[] = [];
    connection.on('m', (n: number) => back.push(n));
    for (let n = 0; n < 300; n++) {
      connection.emit('n', n);
      if (n % 10 === 0) await sleep(20);
    }
    await until(() => back.length >= 300, 'all of them');
    const all = Array.from({ length: 300 }, (_, n) => n);
    assert.deepEqual(heard, all);
    assert.deepEqual(back, all);
    const connected = states.filter(({ state }) => state === 'connected');
    assert(connected.length > 1, 'it was cut at least once');
    assert(connected.slice(1).every(({ recovered }) => recovered));
  });
});
