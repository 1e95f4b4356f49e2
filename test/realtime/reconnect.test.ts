import assert from 'node:assert/strict';
import http, { createServer, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, test, TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBrowser } from '../support/browser';
import { clientLibrary } from '../support/client';
import { makeRealtime } from '../support/realtime';
import { request } from '../support/request';
import { serveSite } from '../support/scripted';
import { fromRoot, resource, root } from '../support/template';
import { until } from '../support/wait';

/*
 * Faults around a reconnect: answers are lost or come late, sessions end meanwhile, and nobody
 * takes a message.
 */

const { connect } = fromRoot(path.join(root, 'public', 'realtime.js')) as { connect: (options: object) => any };
function open(t: TestContext, port: number) {
  const connection = connect({ url: `http://127.0.0.1:${port}`, resource: resource.slice(1), io: clientLibrary });
  t.after(() => connection.close());
  const seen: any[] = [];
  connection.on('status', (status: any) => seen.push(status));
  const connected = (n = 1) => until(() => seen.filter(one => one.state === 'connected').length >= n, `connected ${n}`);
  return { connection, seen, connected };
}
function host(t: TestContext, app: (io: any) => void, env: Record<string, string> = {}) {
  const make = () => { const r = makeRealtime(env); app(r.io); return r; };
  let realtime = make();
  let hook: (...args: Parameters<RequestListener>) => void = () => undefined;
  const server = createServer((req, res) => { hook(req, res); if (!res.writableEnded) realtime.handle(req, res); }).listen(0);
  t.after(() => { realtime.close(); server.close(); server.closeAllConnections(); });
  return {
    port: (server.address() as AddressInfo).port,
    hook: (one: typeof hook) => hook = one,
    manager: () => realtime.io as any,
    replace: () => { const old = realtime; realtime = make(); return old; },
  };
}

describe('what goes wrong around a reconnect', { concurrency: true }, () => {
  test('recovered is false until the page has been told so', async t => {
    const h = host(t, io => io.sockets.on('connection', () => undefined));
    let polls = 0;
    h.hook((req, res) => {
      if (/xhr-polling/.test(req.url!) && req.method === 'GET' && ++polls === 1) res.end = (() => { res.socket!.destroy(); return res; }) as never;
    });
    const { seen, connected } = open(t, h.port);
    await connected();
    assert.equal(seen.at(-1).recovered, false, JSON.stringify(seen));
  });

  test('an acknowledgement that the client makes late does not answer another message of a new session', async t => {
    const got: any[] = [];
    let process = 0;
    const h = host(t, io => {
      const mine = ++process;
      io.sockets.on('connection', (s: any) => s.emit('question', `of ${mine}`, (answer: string) => got.push([mine, answer])));
    });
    const { connection, connected } = open(t, h.port);
    const answers: any[] = [];
    connection.on('question', (q: string, ack: any) => { answers.push(() => ack(`answer to ${q}`)); });
    await until(() => answers.length === 1, 'q1');
    h.replace().close();
    await connected(2);
    await until(() => answers.length === 2, 'q2');
    answers[0]();
    await sleep(500);
    assert.deepEqual(got, []);
  });

  test('socket.send does not stop the connection', async t => {
    const h = host(t, io => io.sockets.on('connection', (s: any) => { s.send('hello'); s.emit('response', 'x'); }));
    const { connection, seen } = open(t, h.port);
    let heard = 0;
    connection.on('response', () => heard += 1);
    await until(() => heard > 0, 'the response');
    await sleep(4000); // a page that connects again does so within this time
    assert.equal(heard, 1, JSON.stringify(seen.map(s => s.state)));
  });

  test('what is kept is counted once, with acknowledgements too', async t => {
    let socket: any;
    const h = host(t, io => io.sockets.on('connection', (s: any) => { socket = s; }));
    const { connection, connected } = open(t, h.port);
    connection.on('question', (_text: string, ack: any) => ack());
    await connected();
    for (let i = 0; i < 20; i++) {
      await new Promise<void>(resolve => socket.emit('question', 'x'.repeat(10000), resolve));
    }
    await sleep(500);
    const session = h.manager().sessions.get(socket.id);
    assert.equal(session.outbox.size >= 0, true, `size ${session.outbox.size}, waiting ${h.manager().limits.waiting}`);
  });

  test('a connection that another client has taken over is not cut', async t => {
    const h = host(t, io => io.sockets.on('connection', (s: any) => {
      s.on('big', () => s.emit('response', 'x'.repeat(9000000)));
    }), { MAX_WAITING_BYTES: '100000000' });
    // Something in between, such as iisnode with its pool of pipes, may use one connection for
    // several clients in turn. This agent does the same.
    const shared = new http.Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => shared.destroy());
    const shake = async () => `${resource}/1/xhr-polling/${(await request({ port: h.port, path: `${resource}/1/` })).text.split(':')[0]}`;
    const [one, other] = [await shake(), await shake()];
    await request({ port: h.port, path: other });
    await request({ port: h.port, path: other, method: 'POST' }, '5:::{"name":"big"}');
    await request({ port: h.port, path: one, agent: shared }); // the first poll, which is answered
    let size = 0;
    const ended = new Promise<string>(resolve => http.get({ port: h.port, path: other, agent: shared }, res => {
      res.on('error', error => resolve(error.message)).on('end', () => resolve('whole'));
      // The client begins to read late.
      setTimeout(() => res.on('data', data => size += data.length), 1000);
    }));
    await sleep(300);
    // The first client polls again, on another connection.
    request({ port: h.port, path: one }).catch(() => undefined);
    assert.equal(await ended, 'whole', String(size));
  });

  test('a message that the server does not take does not hold up those behind it', async t => {
    const heard: any[] = [];
    const h = host(t, io => io.sockets.on('connection', (s: any) => { s.on('message', (text: any) => heard.push(typeof text)); }));
    const { connection, connected } = open(t, h.port);
    await connected();
    let deep: unknown = 1;
    for (let i = 0; i < 250; i++) deep = [deep];
    try { connection.emit('message', deep); } catch { /* emit() may refuse it at once */ }
    connection.emit('message', 'after');
    await until(() => heard.includes('string'), 'the message behind it');
  });

  test('MAX_PACKETS below what is sent at once: it arrives all the same', async t => {
    let heard = 0;
    const h = host(t, io => io.sockets.on('connection', (s: any) => { s.on('message', () => heard += 1); }), { MAX_PACKETS: '100' });
    const { connection, seen } = open(t, h.port);
    for (let i = 0; i < 300; i++) connection.emit('message', i);
    await until(() => heard === 300, JSON.stringify(seen), 60);
  });

  test('MAX_MESSAGE_BYTES below what is sent at once: it arrives, but for what is larger by itself', async t => {
    let heard = 0;
    const h = host(t, io => io.sockets.on('connection', (s: any) => { s.on('message', () => heard += 1); }), { MAX_MESSAGE_BYTES: '10000' });
    const { connection, seen } = open(t, h.port);
    const refused: unknown[] = [];
    for (let i = 0; i < 150; i++) connection.emit('message', 'x'.repeat(100));
    connection.emit('message', 'x'.repeat(20000), (answer: unknown) => refused.push(answer));
    for (let i = 0; i < 150; i++) connection.emit('message', 'x'.repeat(100));
    await until(() => heard === 300, JSON.stringify(seen), 60);
    assert.deepEqual(refused, [{ error: 'the message is too large for the server' }]);
  });

  test('what is emitted right before the server ends a session arrives, though an answer is lost', async t => {
    let socket: any;
    const h = host(t, io => io.sockets.on('connection', (s: any) => { socket = s; }));
    const { connection, connected, seen } = open(t, h.port);
    const heard: string[] = [];
    connection.on('response', (text: string) => heard.push(text));
    let polls = 0;
    h.hook((req, res) => {
      if (!/xhr-polling/.test(req.url!) || req.method !== 'GET' || ++polls !== 2) return;
      res.end = (() => { res.socket!.destroy(); return res; }) as never; // the answer to the second poll is lost
    });
    await connected();
    await sleep(300);
    socket.emit('response', 'bye');
    socket.disconnect();
    await until(() => seen.at(-1).state === 'disconnected', 'the end');
    assert.deepEqual(heard, ['bye'], JSON.stringify(seen));
  });

  test('what is emitted right before close() arrives', async t => {
    const heard: any[] = [];
    const h = host(t, io => io.sockets.on('connection', (s: any) => { s.on('message', (n: any) => heard.push(n)); s.on('disconnect', () => heard.push('end')); }));
    const { connection, connected } = open(t, h.port);
    await connected();
    for (let i = 0; i < 3; i++) connection.emit('message', i);
    connection.close();
    await until(() => heard.includes('end'), 'the end');
    assert.deepEqual(heard, [0, 1, 2, 'end']);
  });

  test('an answer to a handshake that is none, though its status is 200, is not the end', async t => {
    const h = host(t, io => io.sockets.on('connection', (s: any) => s.on('question', (answer: () => void) => answer())));
    // Each answer comes in the place of a handshake. Some are pages of something in between. 0.9
    // would read the others as a handshake: an answer to a poll, one without numbers, and one whose
    // transport 0.9 does not have.
    const answers = ['<p>It works: really</p>', '', 'It works', '\ufffd5\ufffd6:::1\ufffd5\ufffd6:::2', 'a:b:c:xhr-polling', 'a:0:0:none'];
    const clients = answers.length;
    h.hook((req, res) => {
      if (/\/1\/\?/.test(req.url!) && answers.length > 0) res.end(answers.shift());
    });
    // An error that a timer throws fails the test. In an application it would end the process.
    await Promise.all(Array.from({ length: clients }, async () => {
      const { connection, connected, seen } = open(t, h.port);
      await connected();
      assert.deepEqual(seen.map(one => one.state), ['connecting', 'reconnecting', 'connected']);
      await new Promise<void>(resolve => connection.emit('question', resolve));
    }));
  });

  test('3,000 short messages at once, one way', async t => {
    let heard = 0;
    const h = host(t, io => io.sockets.on('connection', (s: any) => { s.on('message', () => heard += 1); }));
    const { connection, connected } = open(t, h.port);
    await connected();
    for (let i = 0; i < 3000; i++) connection.emit('message', i);
    await until(() => heard === 3000, 'all');
  });
  test('chromium: close() right after a handshake ends it', async t => {
    const browser = await openBrowser(t);
    if (!browser) return;
    const site = serveSite(t, () => undefined, { page: '' });
    const page = await browser.newPage();
    await page.goto(site.page('page'));
    await page.evaluate(async name => {
      for (let i = 0; i < 12; i++) {
        const connection = (window as any).Realtime.connect({ resource: name, url: '/' });
        await new Promise(resolve => setTimeout(resolve, 10 + i * 15));
        connection.close();
      }
      (window as any).Realtime.connect({ resource: name, url: '/' });
    }, resource.slice(1));
    await sleep(1000);
    await until(() => site.clients() === 1, 'one client, the last', 30);
  });
  test('a poll of before a reconnect that arrives after it does not take what is meant for the client that has come back', async t => {
    const h = host(t, io => io.sockets.on('connection', () => undefined));
    const shake = async (query: string) => (await request({ port: h.port, path: `${resource}/1/?${query}` })).text.split(':')[0]!;
    const id = await shake('got=0&try=1');
    const poll = (attempt: number) => request({ port: h.port, path: `${resource}/1/xhr-polling/${id}?got=0&try=${attempt}` });
    await poll(1);
    await shake(`got=0&try=2&session=${id}`);
    assert.equal((await poll(1)).text, 'client not handshaken'); // a late poll of the first try
    // If the late poll had taken the packet, this poll would be answered with 8:: after 20 s.
    const { text } = await poll(2);
    assert(text.includes('1::'), text);
  });
});
