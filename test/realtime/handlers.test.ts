import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, connect, next } from '../support/client';
import { until } from '../support/wait';
import { event, join, serve, session, split } from '../support/raw';

/* A fault in one handler of the application must not hurt the other handlers, or the process. */

const FAILED = { error: 'the server failed to handle this' };

test('a handler that throws, or rejects: logged with its stack, the sender is told, the other handlers run', async t => {
  let others = 0;
  const { origin, port, logged } = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('throw', () => { throw new Error('on purpose'); });
    socket.on('throw', () => others += 1);
    socket.on('throw twice', () => { throw new Error('again'); });
    socket.on('reject', async () => { await Promise.resolve(); throw new Error('later'); });
    socket.on('answer and throw', (answer: (text: string) => void) => {
      answer('good');
      throw new Error('too late to say');
    });
    socket.on('good', (answer: (text: string) => void) => answer('good'));
  }));
  const client = connect(t, origin);
  assert.deepEqual(await ask(client, 'throw'), [FAILED]);
  assert.equal(others, 1);
  assert.deepEqual(await ask(client, 'reject'), [FAILED]);
  assert.deepEqual(await ask(client, 'answer and throw'), ['good']);
  // Without an acknowledgement. Both come in one POST, so the second comes within the same second.
  const { poll, post } = await session(port);
  await post(join([event('throw twice'), event('throw twice'), event('good', [], '1+')]));
  assert.deepEqual(await poll(), ['6:::1+["good"]']);
  const errors = logged.filter(line => line.startsWith('error'));
  assert.match(errors[0]!, /handler of throw: Error: on purpose\n +at .*handlers\.test/);
  assert.match(errors[1]!, /handler of reject: Error: later\n/);
  assert.match(errors[3]!, /handler of throw twice: Error: again\n/);
  assert.equal(errors.length, 4, 'at most one line a second');
});

test('a handler of connection, disconnect, an acknowledgement or authorization that throws', async t => {
  const ended: string[] = [];
  const { origin, port, logged, clients } = serve(t, io => {
    io.set('authorization', (handshake, accept) => {
      if (handshake.query.token === 'throw') throw new Error('authorization');
      accept(null, true);
      accept(null, true); // the second call: 0.9 answers twice, and that ends its process
    });
    io.sockets.on('connection', socket => {
      socket.on('disconnect', () => { throw new Error('disconnect'); });
      socket.on('disconnect', (reason: string) => ended.push(reason));
      socket.emit('asked', (answer: string) => { throw new Error(`acknowledgement ${answer}`); });
      throw new Error('connection');
    });
  });
  const client = connect(t, origin);
  client.on('asked', (answer: (text: string) => void) => answer('x'));
  assert.deepEqual(await next(connect(t, `${origin}/?token=throw`), 'error'), ['handshake error']);
  await until(() => logged.some(line => line.includes('Error: acknowledgement x')), 'the acknowledgement');
  // While a POST is under way, 0.9's client keeps its goodbye back, and then does not send it.
  await until(() => !client.socket.doBuffer, 'the answer to the acknowledgement');
  client.socket.disconnect();
  await until(() => clients() === 0, 'the end');
  assert.deepEqual(ended, ['booted']);
  for (const what of ['connection', 'disconnect', 'authorization']) {
    assert(logged.some(line => line.startsWith('error') && line.includes(`Error: ${what}\n`)), what);
  }
  await session(port);
});

test('an emit that cannot be written leaves the next one as it is', async t => {
  // 0.9 keeps the flags of an emit that throws, so the private message would go to everyone.
  const { port } = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('go', () => {
      const circular: Record<string, unknown> = {};
      circular.self = circular;
      assert.throws(() => socket.broadcast.emit('all', circular));
      assert.throws(() => io.sockets.in('room').emit('all', circular));
      void socket.broadcast;
      void io.sockets.in('nobody');
      socket.emit('private');
      io.sockets.emit('public');
    });
  }));
  const [one, other] = [await session(port), await session(port)];
  await one.post(event('go'));
  assert.deepEqual(await one.poll(), ['5:::{"name":"private"}', '5:::{"name":"public"}']);
  assert.deepEqual(await other.poll(), ['5:::{"name":"public"}']);
});

test('acknowledgements: asked for, once; from the server, once', async t => {
  const answers: unknown[][] = [];
  const { port } = serve(t, io => io.sockets.on('connection', socket => {
    socket.emit('asked', (...answer: unknown[]) => answers.push(answer));
    socket.on('twice', (answer: (text: string) => void) => { answer('a'); answer('b'); });
  }));
  const { poll, post } = await session(port);
  await post(join(['6:::1+["x"]', '6:::1+["y"]', '6:::2+["z"]', '6:::99']));
  assert.deepEqual(answers, [['x']]);
  await post(event('twice', [], '7+'));
  assert.deepEqual(await poll(), ['6:::7+["a"]']);
});

test('keys that reach a prototype do not arrive', async t => {
  const heard: unknown[] = [];
  const { port } = serve(t, io => io.sockets.on('connection', socket => { socket.on('merge', (...args: unknown[]) => heard.push(...args)); }));
  const { post } = await session(port);
  const args = '[{"__proto__":{"a":1},"b":2},{"\\u005f_proto__":{"a":1}},{"constructor":{"prototype":{"a":1}}},{"constructor":"Ltd"}]';
  assert.equal((await post(`5:::{"name":"merge","args":${args}}`)).status, 200);
  assert.deepEqual(heard.map(one => JSON.stringify(one)), ['{"b":2}', '{}', '{}', '{"constructor":"Ltd"}']);
});

test('a namespace hears only those who have joined it, once each, and until they leave it', async t => {
  const happened: string[] = [];
  const { port } = serve(t, io => {
    io.sockets.on('connection', () => happened.push('connection'));
    io.of('/other').authorization((_handshake, accept) => setTimeout(accept, 50, null, true)).on('connection', socket => {
      happened.push('joined');
      socket.join('room');
      socket.on('message', (text: string) => happened.push(text));
      socket.on('disconnect', () => {
        happened.push('left');
        io.of('/other').in('room').emit('after');
      });
    });
  });
  const { poll, post } = await session(port);
  await post(join(['1::', '1::', '5::/other:{"name":"message","args":["too early"]}', '0::/other']));
  await post(join(['1::/other', '1::/other', '1::/other']));
  assert.deepEqual(await poll(), ['1::/other']);
  await post(join(['1::/other', '3::/other:hello', '0::/other', '0::/other', '3::/other:too late']));
  await post(event('message', ['not there either']).replace('5:::', '5::/other:'));
  assert.deepEqual(happened, ['connection', 'joined', 'hello', 'left']);
  await post('1::/other'); // the client joins again: its socket must not have a handler twice
  assert.deepEqual((await poll()).at(-1), '1::/other');
  await post('3::/other:again');
  assert.deepEqual(happened.slice(4), ['joined', 'again']);
});

test('a room with the name of a namespace is not the namespace', async t => {
  const { port } = serve(t, io => {
    io.of('/admin').authorization((_handshake, accept) => accept(null, false));
    io.sockets.on('connection', socket => {
      socket.on('join', (room: string) => {
        socket.join(room);
        io.of('/admin').emit('secret');
        io.sockets.in(room).emit('in the room');
      });
    });
  });
  const { poll, post } = await session(port);
  await post(event('join', ['admin']));
  assert.deepEqual(await poll(), ['5:::{"name":"in the room"}']);
});

test('a session that ends is ended once: handlers of disconnect run, rooms are left, and its packets are not heard', async t => {
  const happened: string[] = [];
  const { port, clients } = serve(t, io => io.sockets.on('connection', socket => {
    socket.on('end', () => socket.disconnect());
    socket.on('disconnect', (reason: string) => happened.push(reason));
    socket.on('after', () => happened.push('after'));
  }));
  const { poll, post } = await session(port);
  assert.equal((await post(join([event('end'), event('after'), '0::']))).status, 200);
  assert.deepEqual(happened, ['booted']);
  assert.equal(clients(), 0);
  assert.deepEqual(await poll(), ['0::'], 'without this it would come back by itself');
  assert.deepEqual(await poll(), ['client not handshaken']);
});

test('a second poll answers the first, and takes its place', async t => {
  const { port } = serve(t, io => io.sockets.on('connection', socket => { socket.on('tell', () => { socket.emit('told'); }); }));
  const { poll, post } = await session(port);
  const first = poll();
  await post('2::'); // by now the first poll waits
  const second = poll();
  assert.deepEqual(await first, ['8::']);
  await post(event('tell'));
  assert.deepEqual(await second, split('5:::{"name":"told"}'));
});
