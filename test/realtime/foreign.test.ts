/*
 * Something in between answers in the place of the server: a login page, a captive portal, or an
 * error page with status 200. The page takes each answer that is not the server's as a failure. It
 * is told the reason, and tries again after growing pauses. No message is lost in the end.
 * foreign.long.test.ts has Firefox.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientLibrary } from '../support/client';
import { Change, Meddle, standBetween } from '../support/middle';
import { serve } from '../support/raw';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';
import { ANSWERS, CASES, instead, portal, REDIRECT } from './foreign/portal';

interface Status { state: string; attempt: number; reason?: string }
const { connect } = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => any };

/** Starts a client, a server, and a proxy between them. The server sends each number back. */
function start(t: TestContext) {
  const heard: number[] = [];
  const { port } = serve(t, io => {
    io.set('polling duration', 1);
    io.sockets.on('connection', socket => socket.on('n', (n: number) => {
      heard.push(n);
      socket.emit('m', n);
    }));
  });
  const middle = standBetween(t, port);
  const connection = connect({ url: middle.origin, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const seen: Status[] = [];
  const back: number[] = [];
  connection.on('status', (status: Status) => seen.push(status));
  connection.on('m', (n: number) => back.push(n));
  const connected = () => until(() => seen.at(-1)!.state === 'connected', 'the connection');
  return { heard, back, seen, middle, connection, connected };
}

const NUMBERS = Array.from({ length: 20 }, (_, n) => n);

/** Lets the connection work, disturbs it for 3 s, and checks that all numbers arrive in the end. */
async function endure(t: TestContext, meddle: Meddle, change: Change | undefined, reason: RegExp) {
  const { heard, back, seen, middle, connection, connected } = start(t);
  await connected();
  for (const n of NUMBERS.slice(0, 5)) connection.emit('n', n);
  await until(() => back.length === 5, 'the first');
  const from = seen.length;
  Object.assign(middle.counts, { handshake: 0, poll: 0, POST: 0 });
  middle.set(meddle, change);
  for (const n of NUMBERS.slice(5)) {
    connection.emit('n', n);
    await sleep(200);
  }
  const { handshake, poll, POST } = middle.counts;
  middle.set();
  const reasons = seen.slice(from).filter(({ state }) => state === 'reconnecting').map(one => one.reason);
  assert(reasons.length > 0, 'the page is told');
  for (const one of reasons) assert.match(String(one), reason);
  // The first pause is 0.25 s or more, and each pause is twice as long as the one before. So there
  // are few tries: about 6, each with a handshake, a poll and a POST.
  assert(handshake + poll + POST <= 24, JSON.stringify(middle.counts));
  await until(() => back.length >= NUMBERS.length, `all: ${JSON.stringify([heard, back, seen])}`, 30);
  assert.deepEqual(heard, NUMBERS);
  assert.deepEqual(back, NUMBERS);
}

for (const kinds of CASES) {
  test(`in place of an answer to each ${kinds.join(' and ')}`, { concurrency: 10 }, async t => {
    // A browser follows the redirect of a POST with a GET: the tests below have this. In node,
    // 0.9's XMLHttpRequest follows it with a POST whose body never comes.
    const inNode = Object.entries(ANSWERS)
      .filter(([what]) => what !== REDIRECT || !kinds.includes('POST'));
    await Promise.all(inNode.map(([what, [answer, reason]]) =>
      t.test(what, t => endure(t, instead(kinds, answer), undefined, reason))));
  });
}

test('answers to polls that have lost their end', { concurrency: 3 }, async t => {
  const cut: Change = (kind, text) => kind === 'poll' && text.length > 4 ? text.slice(0, -3) : text;
  await t.test('the end', t => endure(t, () => false, cut, /not of this server/));
});

test('a first handshake that is answered by something else: the page is told, and connects when it is over', { concurrency: 10 }, async t => {
  await Promise.all(Object.entries(ANSWERS).map(([what, [answer, reason]]) => t.test(what, async t => {
    const { port } = serve(t, io => io.sockets.on('connection', () => undefined));
    const middle = standBetween(t, port);
    middle.set(instead(['handshake'], answer));
    const connection = connect({ url: middle.origin, resource: resource.slice(1), io: clientLibrary });
    t.after(() => connection.close());
    const seen: Status[] = [];
    connection.on('status', (status: Status) => seen.push(status));
    await until(() => seen.length === 3, 'the second failure');
    middle.set();
    await until(() => seen.at(-1)!.state === 'connected', 'the connection');
    for (const one of seen.slice(1, -1)) assert.match(String(one.reason), reason);
  })));
});

test('sessions that end within seconds begin after growing pauses', async t => {
  const begun: number[] = [];
  const start = Date.now();
  const { port } = serve(t, io => io.sockets.on('connection', socket => {
    begun.push(Date.now());
    socket.emit('welcome');
    const session = (io as any).sessions.get(socket.id);
    setTimeout(() => session.end('its last messages are missing'), 300);
  }));
  const connection = connect({ url: `http://localhost:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  await sleep(6000);
  // Each session lasts 300 ms. The pauses are at most 0.5, 1, 2 and 4 s long. If the pauses did not
  // grow, there would be ten sessions or more.
  const soon = begun.filter(at => at < start + 6500);
  assert(soon.length <= 6, String(soon.length));
  await until(() => begun.length >= 3, 'the third session', 60);
});

for (const [again, state] of [[false, 'disconnected'], [true, 'reconnecting']] as const) {
  test(`the real server refuses the handshake${again ? ', and the page may try again' : ''}: ${state}, with the application's reason`, async t => {
    const reason = 'your session <b>has expired</b>';
    let expired = true;
    const { port } = serve(t, io => {
      io.set('authorization', (_handshake, accept) => accept(null, !expired, { reason, again }));
      io.sockets.on('connection', socket => socket.on('n', (_n, done: () => void) => done()));
    });
    const middle = standBetween(t, port);
    const connection = connect({ url: middle.origin, resource: resource.slice(1), io: clientLibrary });
    t.after(() => connection.close());
    const answers: unknown[][] = [];
    const seen: Status[] = [];
    connection.emit('n', 1, (...answer: unknown[]) => answers.push(answer));
    connection.on('status', (status: Status) => seen.push(status));
    await until(() => seen.length > 1, 'the refusal');
    await sleep(3000);
    const { handshake, poll, POST } = middle.counts;
    assert.deepEqual([poll, POST], [0, 0]);
    for (const one of seen.slice(1)) assert.deepEqual([one.state, one.reason], [state, reason]);
    expired = false;
    if (again) {
      assert(handshake > 1 && handshake < 6, String(handshake));
      await until(() => answers.length > 0, 'what was emitted arrives', 30);
      assert.deepEqual(answers, [[]]);
      assert.equal(seen.at(-1)!.state, 'connected');
    } else {
      assert.equal(handshake, 1);
      assert.deepEqual(answers, [[{ error: reason }]]);
      assert.throws(() => connection.emit('n', 2), /closed/);
    }
  });
}

test('a 403 that is not our server\'s is a failure like any other', async t => {
  const { port } = serve(t, io => io.sockets.on('connection', () => undefined));
  const middle = standBetween(t, port);
  middle.set(instead(['handshake'], res => res.writeHead(403).end('<h2>403 - Forbidden: Access is denied.</h2>')));
  const connection = connect({ url: middle.origin, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const seen: Status[] = [];
  connection.on('status', (status: Status) => seen.push(status));
  await until(() => seen.length > 1, 'the failure');
  assert.match(String(seen[1]!.reason), /403.*HTML/);
  middle.set();
  await until(() => seen.at(-1)!.state === 'connected', 'the connection');
});

describe('chromium: a captive portal answers everything for 3 s; what is emitted arrives', { concurrency: true }, () => {
  test(REDIRECT, t => portal(t, 'chromium', CASES[0]!, ANSWERS[REDIRECT]!));
  test(`${REDIRECT}, of each POST`, t => portal(t, 'chromium', ['POST'], ANSWERS[REDIRECT]!));
});
