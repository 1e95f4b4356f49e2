import assert from 'node:assert/strict';
import { createServer, IncomingMessage, request as httpRequest, Server } from 'node:http';
import { AddressInfo, createConnection } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Trust } from '../../src/iisnode';
import { Bodies } from '../../src/realtime/http/bodies';
import { now } from '../../src/realtime/clock';
import { readHandshake } from '../../src/realtime/http/handshake';
import { encodePacket } from '../../src/realtime/protocol/write';
import { request } from '../support/request';
import { resource } from '../support/template';
import { until } from '../support/wait';
import { event, handshake, join, serve, session } from '../support/raw';

/*
 * Limits for the data that a client can make the server hold. A client beyond a limit is refused or
 * loses its session. It does no harm to the other clients.
 */

const quiet = () => undefined;
const lines = (logged: string[], part: string) => logged.filter(line => line.startsWith('warn') && line.includes(part));

test('packets in a POST: as many as MAX_PACKETS, all of them handled or none', async t => {
  const heard: unknown[] = [];
  const { port, logged } = serve(t, io => io.sockets.on('connection', socket => socket.on('n', (n: unknown) => heard.push(n))), { MAX_PACKETS: '10' });
  const { post } = await session(port);
  const packets = (count: number) => join(Array.from({ length: count }, (_, n) => event('n', [n])));
  assert.deepEqual(await post(packets(11)).then(({ status, text }) => [status, text]), [413, 'a POST may have 10 packets']);
  assert.deepEqual(heard, []);
  assert.equal((await post(packets(10))).status, 200);
  assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(lines(logged, '10 packets').length, 1);
});

test('what waits for a client that does not poll: it is ended, the others are told all of it, one line is logged', async t => {
  const ended: string[] = [];
  const { port, logged } = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('tell', (count: number) => { for (let i = 0; i < count; i++) io.sockets.emit('told', 'x'.repeat(1000)); });
    socket.on('disconnect', (reason: string) => ended.push(reason));
  }), { MAX_WAITING_BYTES: '50000' });
  const lazy = await session(port);
  const diligent = await session(port);
  const told = diligent.poll();
  await diligent.post(event('tell', [40]));
  assert.equal((await told).length, 40);
  const more = diligent.poll();
  await diligent.post(event('tell', [40]));
  assert.equal((await more).length, 40);
  await until(() => ended.length === 1, 'the end of the lazy one');
  assert.deepEqual(ended, ['too much waits']);
  assert.deepEqual(await lazy.poll(), ['client not handshaken']);
  assert.equal(lines(logged, 'MAX_WAITING_BYTES').length, 1);
  assert.equal((await diligent.post('2::')).status, 200);
});

test('what waits for all clients together: the one with the most is ended', async t => {
  const ended: unknown[] = [];
  const { port, logged } = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('keep', (length: number) => { socket.emit('kept', 'x'.repeat(length)); });
    socket.on('disconnect', () => ended.push(socket.id));
  }), { MAX_WAITING_BYTES: '10000' });
  const most = await session(port);
  await most.post(event('keep', [9000]));
  const others = [];
  // All these clients together have 256 times as much as may wait for one client.
  for (let i = 0; i < 320; i++) {
    const other = await session(port);
    others.push(other);
    await other.post(event('keep', [8000]));
  }
  assert.equal(ended[0], most.id);
  assert(ended.length > 1 && ended.length < 12, `${ended.length} ended`);
  assert(lines(logged, 'all clients together').length >= 1);
  assert.equal((await others.at(-1)!.poll()).length, 1);
});

test('what waits for all together: who has taken nothing for longest ends first, though others have more', async t => {
  const ended: unknown[] = [];
  const { port } = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('keep', (length: number) => { socket.emit('kept', 'x'.repeat(length)); });
    socket.on('disconnect', reason => ended.push([socket.id, reason]));
  }), { MAX_WAITING_BYTES: '10000' });
  const taking = await session(port);
  const away = await session(port);
  for (const { post } of [taking, away]) await post(event('keep', [2000]));
  await sleep(2500); // the server sweeps at least twice
  // The client `taking` came before the client `away`, and as much waits for it. But it polls, and
  // takes the messages that waited for it.
  await taking.poll();
  await taking.post(event('keep', [2000]));
  while (ended.length === 0) await (await session(port)).post(event('keep', [9000]));
  assert.deepEqual(ended[0], [away.id, 'too much waits for all clients together']);
  assert.equal((await taking.poll()).length, 1);
});

test('bodies under way: all together are bounded, and each in time', async t => {
  const bodies = new Bodies(1000);
  const answers: string[] = [];
  const server = createServer((req, res) => bodies.read(req, text => res.end(text), ({ status, headers }) => {
    answers.push(String(req.headers.name));
    res.writeHead(status, headers).end();
  })).listen(0);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const post = (name: string, bytes: number, length = 1000) => {
    const req = httpRequest({ port, method: 'POST', headers: { 'content-length': length, name }, agent: false }).on('error', quiet);
    const status = new Promise(resolve => req.on('response', res => resolve(res.statusCode)));
    req.write('x'.repeat(bytes));
    t.after(() => req.destroy());
    return { req, status };
  };
  const small = post('small', 10, 100);
  const large = post('large', 999);
  const gone = post('gone', 500);
  await until(() => new Promise<boolean>(resolve => server.getConnections((_error, count) => resolve(count === 3))), 'three connections');
  await sleep(100);
  gone.req.destroy();
  // These bodies together have about 64 times as many bytes as one body may have.
  for (let i = 0; i < 64; i++) post(String(i), 998);
  assert.equal(await large.status, 503);
  await sleep(100);
  assert.deepEqual(answers, ['large']);
  small.req.end('y'.repeat(90));
  assert.equal(await small.status, 200);
  const slow = post('slow', 10);
  await sleep(100);
  bodies.sweep(now() + 30000);
  assert.deepEqual(answers, ['large'], 'a minute is not over');
  bodies.sweep(now() + 61000);
  assert.equal(await slow.status, 408);
});

test('unused handshakes: whoever only makes handshakes loses his own', async t => {
  const { port, logged } = serve(t, quiet, { MAX_HANDSHAKES: '20' });
  const mine = await handshake(port);
  for (let i = 0; i < 20; i++) await handshake(port);
  assert.deepEqual(await mine.poll(), ['client not handshaken'], 'the oldest of the only address');
  assert.equal(lines(logged, 'MAX_HANDSHAKES').length, 1);
});

test('a handshake whose query has more than 200 parts is refused', async t => {
  const { port } = serve(t, quiet);
  const ask = async (parts: number) => {
    const query = Array.from({ length: parts }, (_, i) => `k${i}`).join('&');
    return (await request({ port, path: `${resource}/1/?${query}` })).status;
  };
  assert.deepEqual([await ask(200), await ask(201)], [200, 400]);
});

test('a handshake keeps no more of many short headers than their text, and the application reads them', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const trust = new Trust({ iisnode: null, port: 3000, trustedProxies: [] });
  const names = Array.from({ length: 3000 }, (_, i) => i.toString(36));
  const headers = (value: string) => Object.fromEntries(names.map(name => [name, value]));
  const read = (value: string) => {
    const rawHeaders = names.flatMap(name => [name, value]);
    const req = { headers: headers(value), rawHeaders, url: '/', socket: {} };
    return readHandshake(req as unknown as IncomingMessage, '', trust);
  };
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: 100 }, (_, i) => read(String(i)));
  collect();
  const each = (process.memoryUsage().heapUsed - before) / kept.length;
  assert(each < 50000, `${each} bytes for 3,000 headers of 7 bytes`);
  assert.deepEqual(kept[7]!.headers, headers('7'));
  kept[7]!.headers = { host: 'of the application' };
  assert.deepEqual(kept[7]!.headers, { host: 'of the application' });
});

test('an event that waits is one short text: no parts of it are kept beside it', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const make = (i: number) => encodePacket({ type: 'event', name: 'news', args: [i] });
  for (let i = 0; i < 1000; i++) make(i);
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = Array.from({ length: 50000 }, (_, i) => make(i));
  collect();
  const each = (process.memoryUsage().heapUsed - before) / kept.length;
  assert.equal(kept[7], '5:::{"name":"news","args":[7]}');
  assert(each < 120, `${each} bytes for a text of ${kept[7].length}`);
});

test('clients: beyond MAX_CLIENTS a handshake is refused in words, and those who are there stay', async t => {
  const { port, logged, clients } = serve(t, quiet, { MAX_CLIENTS: '3' });
  const [first] = [await session(port), await session(port), await session(port)];
  const answer = await request({ port, path: `${resource}/1/` });
  assert.deepEqual([answer.status, answer.text], [503, 'too many clients']);
  assert.equal(clients(), 3);
  await first.post('0::');
  assert.equal(lines(logged, 'MAX_CLIENTS').length, 1);
});

test('a body in chunks that grows too long gets its answer, and the connection is still good', async t => {
  const { port } = serve(t, quiet, { MAX_MESSAGE_BYTES: '1000' });
  const { id } = await session(port);
  const socket = createConnection(port, 'localhost');
  t.after(() => socket.destroy());
  let text = '';
  socket.on('data', data => text += String(data));
  const chunk = `${(500).toString(16)}\r\n${'x'.repeat(500)}\r\n`;
  socket.write(`POST ${resource}/1/xhr-polling/${id} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
  for (let i = 0; i < 4; i++) socket.write(chunk);
  await until(() => /^HTTP\/1\.1 413 [^]*a message may have 1000 bytes$/.test(text), 'the answer');
  socket.write(`0\r\n\r\nGET ${resource} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await until(() => text.includes('Welcome'), 'the next answer');
});

test('a session that has ended for another user, or for none, keeps none of its messages', async t => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { port } = serve(t, io => {
    io.set('authorization', (given, accept) => {
      given.user = given.query.user;
      accept(null, given.user !== 'nobody');
    });
    io.sockets.on('connection', socket => socket.on('echo', (text: string) => { socket.emit('echo', text); }));
  });
  const ask = (path: string, body?: string) => request({ port, path, method: body ? 'POST' : 'GET' }, body);
  const held = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = held();
  for (let i = 0; i < 40; i++) {
    const { id } = await handshake(port, '?got=0&try=1&user=alice');
    const said = await ask(`${resource}/1/xhr-polling/${id}?got=0&try=1`, event('echo', ['x'.repeat(500000)], '1'));
    assert.equal(said.status, 200);
    const user = i % 2 ? 'bob' : 'nobody';
    const next = await ask(`${resource}/1/?got=0&try=2&session=${id}&user=${user}`);
    assert.equal(next.status, i % 2 ? 200 : 403);
  }
  const grown = held() - before;
  assert(grown < 5000000, `${grown} bytes more after 20,000,000 of messages`);
});

test('a poll with a body: nothing of it is kept, and that its client has gone is seen at once', async t => {
  let http: Server;
  const { port } = serve(t, quiet, {}, server => { http = server; });
  const connections = () => new Promise<number>((resolve, reject) => {
    http.getConnections((error, count) => error ? reject(error) : resolve(count));
  });
  const { id } = await session(port);
  await until(async () => await connections() === 0, 'the end of the others');
  const socket = createConnection(port, 'localhost').on('error', quiet);
  const body = 'x'.repeat(900000);
  let written = false;
  socket.write(`GET ${resource}/1/xhr-polling/${id} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\n`);
  socket.write(body, () => { written = true; });
  await until(() => written, 'the server to read it all');
  assert.equal(await connections(), 1);
  socket.destroy();
  await until(async () => await connections() === 0, 'the end of the connection', 10);
});

test('a client that stays away is given up', async t => {
  const { port, clients } = serve(t, io => io.set('close timeout', 1));
  await session(port);
  assert.equal(clients(), 1);
  await until(() => clients() === 0, 'the end of the one that stays away');
});
