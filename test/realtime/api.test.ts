import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, TestContext } from 'node:test';
import type { Server } from '../../src/realtime';
import { ask, connect, next } from '../support/client';
import { makeRealtime } from '../support/realtime';
import { request } from '../support/request';
import { resource } from '../support/template';
import { until } from '../support/wait';
import { newPipeName, removePipe } from '../../tools/iis/system';

interface In {
  join: (room: string, done: () => void) => void;
  tell: (room: string, text: string) => void;
  shout: (text: string, done: () => void) => void;
  remember: (name: string, done: (name: string | null, known: boolean, forgotten: boolean) => void) => void;
  leave: (room: string, done: (left: number) => void) => void;
  who: (answer: (address: string, query: string) => void) => void;
  end: () => void;
}
interface Out {
  told: (text: string) => void;
  ask: (question: string, answer: (text: string) => void) => void;
  news: (text: string) => void;
}
interface Data { name: string }

/** Starts a server with the given application. @returns its origin */
function start(t: TestContext, app: (io: Server<In, Out, Data>) => void, port: number | string = 0, env = {}): string {
  const realtime = makeRealtime({ PORT: String(port), ...env });
  const server = createServer(realtime.handle).listen(port);
  t.after(() => {
    realtime.close();
    server.close();
    server.closeAllConnections();
  });
  app(realtime.io);
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function rooms(io: Server<In, Out, Data>): void {
  io.sockets.on('connection', socket => {
    socket.on('join', (room, done) => { socket.join(room); done(); });
    socket.on('tell', (room, text) => {
      socket.broadcast.to(room).emit('told', `${text} for the others`);
      io.sockets.in(room).except(socket.id).emit('told', `${text} but for one`);
    });
    socket.on('shout', (text, done) => {
      io.sockets.volatile.emit('news', text);
      done();
    });
    socket.on('leave', (room, done) => {
      socket.leave(room);
      done(io.sockets.clients(room).length);
    });
    socket.on('remember', (name, done) => {
      socket.set('name', name, () => socket.get('name', (_error, value) => socket.has('name', (_failed, known) => {
        socket.del('name', () => socket.get('name', (_none, gone) => done(value, known, gone === null)));
      })));
    });
    socket.on('who', answer => answer(socket.handshake.address.address, String(socket.handshake.query.token)));
    socket.on('end', () => socket.disconnect());
  });
}

test('rooms, broadcasts, volatile', async t => {
  const origin = start(t, rooms);
  const [a, b] = [connect(t, origin), connect(t, origin)];
  const told: string[] = [];
  a.on('told', text => told.push(`a: ${text as string}`));
  b.on('told', text => told.push(`b: ${text as string}`));
  let heard = 0;
  for (const client of [a, b]) client.on('news', () => heard += 1);
  await ask(a, 'join', 'x');
  await ask(b, 'join', 'x');
  await ask(a, 'shout', 'hi');
  await until(() => heard === 2, 'both to hear it');
  const last = next(b, 'told');
  a.emit('tell', 'x', 'hi');
  await last;
  assert.deepEqual(await ask(b, 'leave', 'x'), [1]);
  assert.deepEqual(told, ['b: hi for the others', 'b: hi but for one']);
});

test('socket.set and get, the handshake, disconnect by the server', async t => {
  const origin = start(t, rooms);
  const client = connect(t, `${origin}/?token=t1`);
  assert.deepEqual(await ask(client, 'remember', 'Ada'), ['Ada', true, true]);
  const [address, token] = await ask(client, 'who') as string[];
  assert.match(address!, /127\.0\.0\.1|::1/);
  assert.equal(token, 't1');
  const gone = next(client, 'disconnect');
  client.emit('end');
  assert.deepEqual(await gone, ['booted']);
});

test('behind iisnode, a handler sees the address that IIS says', async t => {
  const socketPath = newPipeName();
  t.after(() => removePipe(socketPath));
  start(t, rooms, socketPath, { IISNODE_VERSION: '0.2.26' });
  const headers = ['Host', 'localhost', 'X-Forwarded-For', '6.6.6.6', 'X-iisnode-REMOTE_ADDR', '6.6.6.6', 'X-iisnode-REMOTE_ADDR', '10.1.2.3'] as never;
  const session = (await request({ socketPath, path: `${resource}/1/?token=t2`, headers })).text.split(':')[0]!;
  const poll = { socketPath, path: `${resource}/1/xhr-polling/${session}` };
  assert.equal((await request(poll)).text, '1::');
  await request({ ...poll, method: 'POST' }, '5:1+::{"name":"who"}');
  assert.equal((await request(poll)).text, '6:::1+["10.1.2.3","t2"]');
});

test('acknowledgements to the server, namespaces with events of their own', async t => {
  const origin = start(t, io => {
    io.of<{ hello: (text: string) => void }, { greeting: (text: string) => void }>('/other').on('connection', socket => {
      socket.on('hello', text => socket.emit('greeting', text.toUpperCase()));
    });
    io.sockets.on('connection', socket => socket.emit('ask', 'why?', answer => socket.emit('told', answer)));
  });
  const client = connect(t, origin);
  const told = next(client, 'told');
  client.on('ask', (question, answer: (text: string) => void) => answer(`${question as string} because`));
  assert.deepEqual(await told, ['why? because']);
  const other = client.of('/other');
  const greeting = next(other, 'greeting');
  other.emit('hello', 'you');
  assert.deepEqual(await greeting, ['YOU']);
});

test('two servers in one process do not share their clients', async t => {
  const closing = makeRealtime();
  const client = connect(t, start(t, rooms));
  const lost = next(client, 'disconnect').then(() => 'lost');
  await next(client, 'connect');
  // close() runs ten times: some calls meet a poll that waits, others the time between two polls.
  for (let i = 0; i < 10; i++) {
    closing.close();
    await sleep(20);
  }
  assert.deepEqual(await Promise.race([lost, ask(client, 'leave', 'x')]), [0]);
});

test('authorization decides who connects; settings have names', async t => {
  const origin = start(t, io => {
    io.set('authorization', (handshake, accept) => {
      handshake.user = handshake.headers.cookie?.split('=')[1] ?? 'nobody';
      accept(null, handshake.query.token === 'good');
    });
    io.set('polling duration', 1).set('close timeout', 30);
    assert.equal(io.get('polling duration'), 1);
    io.sockets.on('connection', socket => socket.emit('told', String(socket.handshake.user)));
  });
  assert.deepEqual(await next(connect(t, `${origin}/?token=bad`), 'error'), ['handshake unauthorized']);
  assert.deepEqual(await next(connect(t, `${origin}/?token=good`), 'told'), ['nobody']);
});
