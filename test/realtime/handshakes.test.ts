/*
 * Handshakes: how a client may ask for one, how the server refuses one, and with whose session a
 * client may go on.
 */
import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { describe, test, TestContext } from 'node:test';
import type { Handshake, Server } from '../../src/realtime';
import { event, Loose, serve, split } from '../support/raw';
import { request } from '../support/request';
import { serveStock, STOCK_CLOSE_TIMEOUT } from '../support/stock';
import { resource } from '../support/template';
import { until } from '../support/wait';

const nothing = () => undefined;

describe('a handshake is answered as in stock 0.9.19', () => {
  const asked: [method: string, path: string, body?: string, headers?: OutgoingHttpHeaders][] = [
    ['GET', '/1/'], ['GET', '/1'], ['GET', '/1/?t=1385000000000'], ['GET', '/1?t=1'],
    ['POST', '/1/'], ['POST', '/1'], ['POST', '/1/?t=1385000000000'],
    ['POST', '/1/', 'anything', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['POST', '/1/', '5:::{"name":"x"}', { 'Transfer-Encoding': 'chunked' }],
    ['POST', '/1/', '\ufffd', { 'Content-Type': 'text/plain;charset=UTF-8' }],
  ];
  test('GET or POST, with a slash or without, with a query or a body', async t => {
    const stock = serveStock(t, nothing);
    const { port } = serve(t, nothing);
    for (const [method, path, body, headers] of asked) {
      const [theirs, ours] = await Promise.all([stock, port].map(to =>
        request({ port: to, method, path: resource + path, headers }, body)));
      assert.equal(ours!.status, theirs!.status, `${method} ${path}`);
      assert.match(theirs!.text, new RegExp(`^[\\w-]{20}:60:${STOCK_CLOSE_TIMEOUT}:xhr-polling$`));
      assert.match(ours!.text, /^[\w-]{20}:60:60:xhr-polling$/);
    }
  });

  test('a session that began with a POST is used as any other', async t => {
    const { port } = serve(t, io => io.sockets.on('connection', socket => socket.emit('hello')));
    const { text } = await request({ port, method: 'POST', path: `${resource}/1/` }, 'x=1');
    const path = `${resource}/1/xhr-polling/${text.split(':')[0]!}`;
    assert.deepEqual(split((await request({ port, path })).text), ['1::', '5:::{"name":"hello"}']);
  });

  test('a body that is larger than a message may be is refused, and authorization is not asked', async t => {
    let asked = 0;
    const { port } = serve(t, io => io.set('authorization', (_handshake, accept) => {
      asked += 1;
      accept(null, true);
    }), { MAX_MESSAGE_BYTES: '1000' });
    const to = { port, method: 'POST', path: `${resource}/1/` };
    assert.equal((await request(to, 'x'.repeat(1001))).status, 413);
    assert.equal((await request({ ...to, headers: { 'Transfer-Encoding': 'chunked' } }, 'x'.repeat(1001))).status, 413);
    assert.equal(asked, 0);
    assert.equal((await request(to, 'x'.repeat(1000))).status, 200);
  });
});

describe('a handshake that is refused', () => {
  const ask = (port: number, query: string, headers: OutgoingHttpHeaders = {}) =>
    request({ port, path: `${resource}/1/?t=1${query}`, headers });
  const refusing = (t: TestContext, ...answer: [any, any?, any?]) =>
    serve(t, io => io.set('authorization', (_handshake, accept) => accept(...answer)), { ALLOWED_ORIGINS: 'http://friend.example' }).port;

  test('tells a client of 0.9 what 0.9 told it', async t => {
    const stock = serveStock(t, io => io.set('authorization', (_handshake, accept) => accept(null, false)));
    for (const answer of [[null, false], [null, false, { reason: 'no', again: true }], [null], [null, 0]] as [any, any?, any?][]) {
      const [theirs, ours] = [await ask(stock, ''), await ask(refusing(t, ...answer), '')];
      assert.deepEqual([ours.status, ours.text], [theirs.status, theirs.text]);
      assert.deepEqual([ours.status, ours.text], [403, 'handshake unauthorized']);
    }
    const failing = serveStock(t, io => io.set('authorization', (_handshake, accept) => accept('database', true)));
    const [theirs, ours] = [await ask(failing, ''), await ask(refusing(t, 'database', true), '')];
    assert.deepEqual([ours.status, ours.text], [theirs.status, theirs.text]);
    assert.deepEqual([ours.status, ours.text], [500, 'handshake error']);
  });

  test('tells a client of realtime.js, with a mark, the reason and whether it may try again', async t => {
    const cases: [refused: any, reason: string, again: boolean][] = [
      [undefined, 'handshake unauthorized', false],
      [null, 'handshake unauthorized', false],
      [{}, 'handshake unauthorized', false],
      [{ reason: 'your session has expired' }, 'your session has expired', false],
      [{ reason: 'your session has expired', again: true }, 'your session has expired', true],
      [{ again: true }, 'handshake unauthorized', true],
      [{ reason: '', again: 'yes' }, 'handshake unauthorized', false],
      [{ reason: 42, again: 1 }, 'handshake unauthorized', false],
      ['a text', 'handshake unauthorized', false],
      [{ reason: '<script>alert("x")</script> & "quotes" \\ üñí 日本' }, '<script>alert("x")</script> & "quotes" \\ üñí 日本', false],
      [{ reason: ' one\r\nSet-Cookie: x=1\u2028two\u0000\u009b\u007f ' }, 'one Set-Cookie: x=1 two', false],
      [{ reason: 'x'.repeat(1e6) }, 'x'.repeat(200), false],
      [{ reason: '😀'.repeat(300) }, '😀'.repeat(200), false],
      [{ reason: '\n'.repeat(1e5) }, 'handshake unauthorized', false],
    ];
    for (const [refused, reason, again] of cases) {
      const { status, headers, text } = await ask(refusing(t, null, false, refused), '&got=0&try=1');
      assert.equal(status, 403);
      assert(text.startsWith('unauthorized:'), text);
      assert.deepEqual(JSON.parse(text.slice('unauthorized:'.length)), { reason, again });
      assert.equal(headers['content-type'], 'text/plain;charset=UTF-8');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cache-control'], 'no-store');
    }
  });

  test('can be read by a page of another origin that is allowed, and by no other', async t => {
    const port = refusing(t, null, false, { reason: 'no' });
    const friend = await ask(port, '&got=0&try=1', { origin: 'http://friend.example' });
    assert.equal(friend.headers['access-control-allow-origin'], 'http://friend.example');
    assert.equal(friend.headers['access-control-allow-credentials'], 'true');
    assert.match(friend.text, /^unauthorized:/);
    const stranger = await ask(port, '&got=0&try=1', { origin: 'http://evil.example' });
    assert.equal(stranger.status, 403);
    assert.equal(stranger.headers['access-control-allow-origin'], undefined);
    assert.doesNotMatch(stranger.text, /unauthorized/);
  });

  test('is without the mark where authorization failed: that is no reason to stay away', async t => {
    const failures: ((accept: (...answer: any[]) => void) => unknown)[] = [
      accept => accept('database'), accept => accept(new Error('database')), () => { throw new Error('database'); },
      () => Promise.reject(new Error('database')), () => Promise.reject(null), () => { throw undefined; }, // eslint-disable-line @typescript-eslint/only-throw-error, @typescript-eslint/prefer-promise-reject-errors
    ];
    for (const fail of failures) {
      const { port } = serve(t, io => io.set('authorization', (_handshake, accept) => fail(accept)));
      for (const query of ['', '&got=0&try=1']) {
        const { status, text } = await ask(port, query);
        assert.deepEqual([status, text], [500, 'handshake error']);
      }
    }
  });
});

/* A session belongs to one user: the handshakes of several users. */

interface Page {
  id: string;
  status: number;
  text: string;
  poll: (got?: number) => Promise<string[]>;
  post: (body: string) => Promise<number>;
}

/** Makes a handshake like realtime.js, with a cookie that names the user. */
async function come(port: number, user: string, attempt: number, session = '', got = 0): Promise<Page> {
  const headers = { cookie: `user=${user}` };
  const more = session === '' ? '' : `&session=${session}`;
  const { status, text } = await request({ port, path: `${resource}/1/?t=1&got=${got}&try=${attempt}${more}`, headers });
  const id = text.split(':')[0]!;
  const path = (have: number) => `${resource}/1/xhr-polling/${id}?t=1&got=${have}&try=${attempt}`;
  return {
    id, status, text,
    poll: async (have = 0) => split((await request({ port, path: path(have), headers })).text),
    post: async body => (await request({ port, path: path(0), headers, method: 'POST' }, body)).status,
  };
}

/**
 * Serves an application that knows its users. It refuses the user "nobody". For the user "error"
 * its authorization fails.
 */
function withUsers(t: TestContext, more: (io: Server<Loose, Loose>) => void = nothing) {
  const seen: string[] = [];
  const handshakes: (() => Handshake)[] = [];
  let io!: Server<Loose, Loose>;
  const { port, clients } = serve(t, made => {
    io = made;
    io.set('authorization', (handshake, accept) => {
      const [, name] = /user=(\w+)/.exec(String(handshake.headers.cookie))!;
      handshake.user = { name, roles: ['reader'] };
      accept(name === 'error' ? 'database' : null, name !== 'nobody', { reason: 'please log in', again: true });
    });
    io.sockets.on('connection', socket => {
      const name = () => (socket.handshake.user as { name: string }).name;
      seen.push(`${name()} came`);
      handshakes.push(() => socket.handshake);
      socket.join('all');
      socket.on('say', (text: string) => { seen.push(`${name()}: ${text}`); });
      socket.on('disconnect', (reason: string) => { seen.push(`${name()} left: ${reason}`); });
    });
    more(io);
  });
  return { port, clients, seen, handshakes, emit: (text: string) => io.sockets.emit('news', text) };
}

describe('a session that goes on', () => {
  test('has the headers, the query and the user of the new handshake', async t => {
    const { port, seen, handshakes } = withUsers(t);
    const alice = await come(port, 'alice', 1);
    await alice.poll();
    const before = handshakes[0]!();
    const again = await request({
      port, path: `${resource}/1/?t=2&got=0&try=2&session=${alice.id}&token=new`, headers: { cookie: 'user=alice; theme=dark' },
    });
    assert.equal(again.text.split(':')[0], alice.id);
    const now = handshakes[0]!();
    assert.notEqual(now, before);
    assert.equal(now.headers.cookie, 'user=alice; theme=dark');
    assert.equal(now.query.token, 'new');
    assert.deepEqual(now.user, { name: 'alice', roles: ['reader'] });
    assert(now.issued >= before.issued);
    assert.deepEqual(seen, ['alice came']);
  });

  test('of another user is another session: the one before ends, and nothing that waited for alice goes to bob', async t => {
    const { port, clients, seen, emit } = withUsers(t);
    const alice = await come(port, 'alice', 1);
    await alice.poll();
    emit('for alice only');
    const bob = await come(port, 'bob', 2, alice.id);
    assert.notEqual(bob.id, alice.id);
    assert.match(bob.text, /^[\w-]{20}:60:60:xhr-polling:another-user$/);
    assert.match(alice.text, /^[\w-]{20}:60:60:xhr-polling$/);
    assert.deepEqual(await bob.poll(), ['1::']);
    assert.equal(await alice.post(event('say', ['as alice'], '1')), 404);
    assert.deepEqual(seen, ['alice came', 'alice left: another user', 'bob came']);
    assert.equal(clients(), 1);
    assert.deepEqual(await alice.poll(), ['client not handshaken']);
  });

  test('of another user ends a poll of the one before that is still open, without a word of what waited', async t => {
    const { port, seen } = withUsers(t, io => io.sockets.on('connection', socket => {
      socket.on('disconnect', () => { socket.emit('news', 'from the handler of disconnect'); });
    }));
    const alice = await come(port, 'alice', 1);
    await alice.poll();
    const waiting = alice.poll();
    await alice.post(event('say', ['hello'], '1'));
    await waiting; // its answer says that the message has arrived
    const open = alice.poll();
    await new Promise(resolve => setTimeout(resolve, 50));
    await come(port, 'bob', 2, alice.id);
    assert.deepEqual(await open, ['8::']);
    assert(seen.includes('alice left: another user'));
  });

  test('is the same user\'s where the application says so, by a function of its own', async t => {
    const asked: unknown[][] = [];
    const answers: [() => unknown, boolean][] = [
      [() => true, true], [() => false, false], [() => 1, false],
      [() => { throw new Error('x'); }, false],
      [() => Promise.resolve(true), false], [() => Promise.reject(new Error('y')), false],
    ];
    for (const [same, goesOn] of answers) {
      const { port } = withUsers(t, io => io.set('same user', (before, now) => {
        asked.push([before.user, now.user]);
        return same() as boolean;
      }));
      const alice = await come(port, 'alice', 1);
      await alice.poll();
      const next = await come(port, 'bob', 2, alice.id);
      assert.equal(next.id === alice.id, goesOn, String(same));
      assert.deepEqual(asked.pop(), [{ name: 'alice', roles: ['reader'] }, { name: 'bob', roles: ['reader'] }]);
    }
  });

  test('of nobody who is known goes on as ever', async t => {
    const { port } = serve(t, nothing);
    const page = await come(port, 'alice', 1);
    await page.poll();
    assert.equal((await come(port, 'bob', 2, page.id)).id, page.id, 'without authorization there are no users');
  });
});

describe('a refused handshake for a session', () => {
  test('ends it: its open poll and its messages bring nothing more', async t => {
    const { port, clients, seen, emit } = withUsers(t);
    const alice = await come(port, 'alice', 1);
    await alice.poll();
    const open = alice.poll();
    await until(() => clients() === 1, 'the poll to wait');
    await new Promise(resolve => setTimeout(resolve, 50));
    const refused = await come(port, 'nobody', 2, alice.id);
    assert.equal(refused.text, 'unauthorized:{"reason":"please log in","again":true}');
    emit('news for members');
    assert.deepEqual(await open, ['8::']);
    assert.equal(await alice.post(event('say', ['still here'], '1')), 404);
    assert.deepEqual(seen, ['alice came', 'alice left: unauthorized']);
    const again = await come(port, 'alice', 3, alice.id);
    assert.notEqual(again.id, alice.id, 'she begins anew');
    assert.doesNotMatch(again.text, /another-user/);
    assert.deepEqual(await again.poll(), ['1::']);
    assert.match((await come(port, 'bob', 3, alice.id)).text, /:another-user$/, 'and bob is told');
  });

  test('of an older attempt, or for the session of a client of 0.9, ends nothing', async t => {
    const { port, seen } = withUsers(t);
    const alice = await come(port, 'alice', 5);
    await alice.poll();
    assert.equal((await come(port, 'nobody', 4, alice.id)).status, 403);
    const plain = await request({ port, path: `${resource}/1/`, headers: { cookie: 'user=carol' } });
    const id = plain.text.split(':')[0]!;
    await request({ port, path: `${resource}/1/xhr-polling/${id}` });
    assert.equal((await come(port, 'nobody', 9, id)).status, 403);
    assert.equal((await come(port, 'nobody', 9, 'x'.repeat(20))).status, 403);
    assert.deepEqual(seen, ['alice came', 'carol came']);
  });

  test('that could not be decided leaves it as it was', async t => {
    const { port, seen, emit } = withUsers(t);
    const alice = await come(port, 'alice', 1);
    await alice.poll();
    assert.equal((await come(port, 'error', 2, alice.id)).status, 500);
    emit('news');
    const again = await come(port, 'alice', 3, alice.id);
    assert.equal(again.id, alice.id);
    assert.match((await again.poll()).join(), /news/);
    assert.deepEqual(seen, ['alice came']);
  });
});
