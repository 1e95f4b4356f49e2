/* A broadcast to many clients goes out in slices, and other work is done between two slices. */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import type { Session } from '../../src/realtime/session/session';
import { Transport } from '../../src/realtime/session/transport';
import { event, serve, session } from '../support/raw';
import { until } from '../support/wait';

const CLIENTS = 200;
/**
 * The time that each client takes, ms. It makes the broadcast so slow that it needs several slices.
 */
const EACH = 0.3;

/** Makes each transport take EACH for its packets, until the test ends. */
function slowDown(t: TestContext): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its own `this`
  const { flush } = Transport.prototype;
  t.after(() => { Transport.prototype.flush = flush; });
  Transport.prototype.flush = function slowly(this: Transport) {
    for (const end = performance.now() + EACH; performance.now() < end;);
    flush.call(this);
  };
}

test('between two slices others are served; each client gets all that was emitted, in order', async t => {
  let sessions: Map<string, Session> | undefined;
  const { port } = serve(t, io => {
    ({ sessions } = io as unknown as { sessions: Map<string, Session> });
    io.sockets.on('connection', socket => {
      socket.on('join', () => socket.join('room'));
      socket.on('tell', (leaves: string, joins: string) => {
        io.sockets.in('room').emit('news', 1);
        setImmediate(() => {
          io.sockets.socket(leaves).leave('room');
          io.sockets.socket(joins).join('room');
          io.sockets.in('room').emit('news', 2);
        });
      });
    });
  });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => session(port)));
  const [joins, ...members] = clients;
  for (const { post } of members) await post(event('join'));
  const last = members.at(-1)!;

  slowDown(t);
  const first = Promise.all(clients.map(({ poll }) => poll()));
  const wait = () => Array.from(sessions!.values()).every(one => one.transport.connection);
  await until(wait, 'the polls');
  await members[0]!.post(event('tell', [last.id, joins!.id]));
  const answers = await first;

  const [one, two] = [1, 2].map(n => event('news', [n]));
  assert.deepEqual(answers[0], [two], 'who joins between two slices gets only what was emitted then');
  assert.deepEqual(answers.at(-1), [one], 'who leaves between two slices gets what was emitted before');
  const others = answers.slice(1, -1);
  const together = others.filter(answer => answer.length === 2).length;
  assert(together > 0 && together < others.length, `${together} of ${others.length} had to wait for a later slice`);
  for (const [i, answer] of others.entries()) {
    const rest = answer.length === 2 ? [] : await clients[i + 1]!.poll();
    assert.deepEqual([...answer, ...rest], [one, two]);
  }
});

test('many sessions that end at the same time, for their clients stay away, end in slices', async t => {
  let ended = 0;
  let endedBefore = 0;
  const { port, clients } = serve(t, io => {
    io.sockets.on('connection', socket => socket.on('disconnect', () => {
      for (const end = performance.now() + EACH; performance.now() < end;);
      ended += 1;
      if (ended === 1) setImmediate(() => { endedBefore = ended; });
    }));
  });
  await Promise.all(Array.from({ length: CLIENTS }, () => session(port)));
  assert.equal(clients(), CLIENTS);
  // The clock jumps over the close timeout. So the sessions end at the same time, even if a busy
  // machine needed seconds to make them.
  const now = performance.now.bind(performance);
  t.after(() => { performance.now = now; });
  performance.now = () => now() + 61000;
  await until(() => ended === CLIENTS, 'the end of all sessions');
  assert(endedBefore < CLIENTS, `${endedBefore} ended before other work was done`);
});

test('a server that stops between two slices still sends the broadcast to all', async t => {
  let sessions: Map<string, Session> | undefined;
  const { port, close } = serve(t, io => {
    ({ sessions } = io as unknown as { sessions: Map<string, Session> });
    io.sockets.on('connection', socket => socket.on('stop', () => {
      io.sockets.emit('news', 1);
      setImmediate(close);
    }));
  });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => session(port)));
  const answers = Promise.all(clients.map(({ poll }) => poll()));
  const wait = () => Array.from(sessions!.values()).every(one => one.transport.connection);
  await until(wait, 'the polls');
  slowDown(t);
  await clients[0]!.post(event('stop'));
  for (const answer of await answers) assert.deepEqual(answer, [event('news', [1])]);
});
