import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientLibrary, connect, next, startServer } from './helper';

test('a message gets its acknowledgement and its answer, over xhr-polling', async t => {
  const { origin, output } = await startServer(t);
  const client = connect(t, origin);
  const connected = next(client, 'connect');
  const response = next(client, 'response');
  await connected;
  assert.equal(client.socket.transport.name, 'xhr-polling');
  const answer = await new Promise(resolve => client.emit('message', 'hello', resolve));
  assert.equal(answer, 'hello');
  assert.deepEqual(await response, ['Got it!']);

  client.emit('message', 'nobody asked for an acknowledgement');
  await next(client, 'response');
  assert.equal(output().split('\n').length, 2, 'nothing is logged for a message, a poll or a client');
});

test('everyone is told how many are connected', async t => {
  const { origin } = await startServer(t);
  const counts: number[] = [];
  const first = connect(t, origin);
  first.on('clients', count => counts.push(count as number));
  await next(first, 'clients');
  const second = connect(t, origin);
  assert.deepEqual(await next(second, 'clients'), [2]);
  const health = await (await fetch(`${origin}/myApp/health`)).json() as { clients: number };
  assert.equal(health.clients, 2);
  second.socket.disconnect();
  await next(first, 'clients');
  assert.deepEqual(counts, [1, 2, 1]);
});

test('a handshake offers xhr-polling and nothing else, whatever the case of the path', async t => {
  const { origin } = await startServer(t);
  for (const path of ['/myApp/socket/1/', '/myapp/SOCKET/1/?t=1', '/MYAPP/socket/1']) {
    const answer = await fetch(origin + path);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /^[\w-]{20}:60:60:xhr-polling$/);
  }
  const upper = connect(t, origin, { resource: 'MYAPP/SOCKET' });
  await next(upper, 'connect');
});

test('TRANSPORTS=websocket,xhr-polling offers both, and the client takes the WebSocket', async t => {
  const { origin } = await startServer(t, { env: { TRANSPORTS: 'websocket,xhr-polling' } });
  const client = connect(t, origin);
  await next(client, 'connect');
  assert.equal(client.socket.transport.name, 'websocket');
  assert.equal(await new Promise(resolve => client.emit('message', 'hello', resolve)), 'hello');

  const refused = clientLibrary.connect(origin.replace('localhost', '127.0.0.1'), {
    resource: 'myApp/nowhere', 'force new connection': true, reconnect: false,
  });
  await next(refused, 'error');
});

test('a body over MAX_MESSAGE_BYTES is refused in words', async t => {
  const { origin } = await startServer(t, { env: { MAX_MESSAGE_BYTES: '1000' } });
  const session = (await (await fetch(`${origin}/myApp/socket/1/`)).text()).split(':')[0]!;
  const answer = await fetch(`${origin}/myApp/socket/1/xhr-polling/${session}`, { method: 'POST', body: 'x'.repeat(1001) });
  assert.equal(answer.status, 413);
  assert.equal(await answer.text(), 'a message may have 1000 bytes');
});

test('LOG_LEVEL reaches Socket.IO', async t => {
  const { origin, output } = await startServer(t, { env: { LOG_LEVEL: 'debug' } });
  await next(connect(t, origin), 'connect');
  assert.match(output(), / debug .*handshake authorized/);
});

test('a session that the server does not know is sent back, and not logged: after a restart that is every client', async t => {
  const { origin, output } = await startServer(t);
  const answer = await fetch(`${origin}/myApp/socket/1/xhr-polling/of-another-process`);
  assert.equal(await answer.text(), '7:::1+0');
  assert.doesNotMatch(output(), /warn/);
});
