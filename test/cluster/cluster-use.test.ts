/* Tests an application on two servers that share a real Redis. The servers run without IIS. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { startFront } from './front';
import { startRedis } from '../support/redis';
import { open, startTwo } from './two';
import { clientLibrary, next } from '../support/client';
import { runServer } from '../support/server';
import { resource, root } from '../support/template';
import { until } from '../support/wait';

test('an event for a room, for all or for one client reaches clients of each process', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const servers = two.processes.map(({ server }) => server);
  const [a, b] = await Promise.all(servers.map(({ port }) => open(t, port)));
  const [[idA], [idB]] = await Promise.all([a!.ask('join', 'red'), b!.ask('join', 'red')]) as [[string], [string]];
  await b!.ask('join', 'blue');
  a!.emit('all', 'to all');
  a!.emit('room', 'blue', 'to blue');
  a!.emit('others', 'to others');
  a!.emit('local', 'here only');
  a!.emit('one', idB, 'to one');
  await until(() => b!.heard.length === 4 && a!.heard.length === 2, 'all the events');
  assert.deepEqual(b!.heard, ['to all', 'to blue', 'to others', 'to one']);
  assert.deepEqual([...a!.heard].sort(), ['here only', 'to all']);
  b!.emit('end', idA);
  await until(() => a!.states.at(-1) === 'disconnected', 'the end of the other client');
});

test('values and rooms of a client of another process cannot be used: calls get an error', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const [one, other] = await Promise.all(two.processes.map(({ server }) => open(t, server.port)));
  const [id] = await other!.ask('join', 'blue') as [string];
  const error = `Error: a client that is not with this process: only emit, send and disconnect reach it: ${id}`;
  assert.deepEqual(await one!.ask('of', id), [error, null, error]);
  assert(two.processes[0].server.output().includes('a client that is not with this process'), 'the log says so of join');
});

test('an event for all reaches a plain client of Socket.IO 0.9, too', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const servers = two.processes.map(({ server }) => server);
  const plain = clientLibrary.connect(servers[0]!.origin, { resource: resource.slice(1), 'force new connection': true, reconnect: false });
  t.after(() => plain.socket.disconnect());
  await next(plain, 'connect');
  const heard = next(plain, 'heard');
  const other = await open(t, servers[1]!.port);
  other.emit('all', 'to all');
  assert.deepEqual(await heard, ['to all']);
});

test('after a kill the next process has the values of socket.set; an owed acknowledgement is an error', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const servers = two.processes.map(({ server }) => server);
  const client = await open(t, (await startFront(servers.map(({ port }) => port))).port);
  await client.ask('set', { a: 1 });
  const never = client.ask('never');
  await client.ask('get'); // the message has arrived
  const [pid] = await client.ask('pid') as [number];
  process.kill(pid, 'SIGKILL');
  const [value, recovered] = await client.ask('get');
  assert.deepEqual([value, recovered], [{ a: 1 }, true]);
  assert.deepEqual(await never, [{ error: 'the server was restarted before it answered' }]);
  assert(!client.states.slice(2).includes('connected'), 'the session went on');
});

test('a Redis without memory counts as gone until it has memory again', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const { redis, processes } = two;
  const servers = processes.map(({ server }) => server);
  const client = await open(t, (await startFront(servers.map(({ port }) => port))).port);
  const other = await open(t, servers[0]!.port);
  await client.ask('set', 1);
  await redis.call('config', 'set', 'maxmemory', '1');
  await client.ask('set', 2);
  other.emit('all', 'hello');
  other.emit('room', 'nobody', 'is here');
  await other.ask('get');
  await client.ask('get');
  assert.deepEqual([client.heard, other.heard], [[], []], 'events for all wait: their order is the same everywhere');
  assert(servers.some(({ output }) => /Redis: .*OOM/.test(output())), 'the log says why');
  await redis.call('config', 'set', 'maxmemory', '0');
  await until(() => servers.every(({ output }) => !/Redis: .*OOM/.test(output()) || /Redis is back/.test(output())), 'Redis to be back');
  await until(() => client.heard.length > 0 && other.heard.length > 0, 'the event for all');
  const [pid] = await client.ask('pid') as [number];
  process.kill(pid, 'SIGKILL');
  assert.deepEqual(await client.ask('get'), [2, true], 'the next process has the new value');
  assert.deepEqual([client.heard, other.heard], [['hello'], ['hello']]);
});

test('each process knows the number of all clients, and tells it once a second at most', async t => {
  const began = performance.now();
  const two = await startTwo(t);
  if (!two) return;
  const servers = two.processes.map(({ server }) => server);
  await Promise.all(Array.from({ length: 12 }, (_, i) => open(t, servers[i % 2]!.port)));
  for (const { page } of servers) {
    await until(async () => (await (await fetch(`${page}health`)).json() as { clients: number }).clients === 12, 'twelve clients in health');
  }
  for (const { output } of servers) {
    const told = () => [...output().matchAll(/^clients (\d+)$/gm)].map(([, count]) => Number(count));
    await until(() => told().at(-1) === 12, 'the application to be told of twelve');
    const seconds = (performance.now() - began) / 1000;
    assert(told().length <= 2 + seconds, `${told().join(' ')} in ${seconds} s`);
  }
});

const wrong: [what: string, url: string, says: RegExp][] = [
  ['not a URL', 'localhost:6379', /^REDIS_URL: got "…"; takes the address of a Redis, such as redis:\/\/:password@server:6379\n$/],
  ['no server', 'redis://:secret@127.0.0.1:1', /^REDIS_URL: got "…"; takes the address of a Redis that answers, .*\(ECONNREFUSED\)\n$/],
];
for (const [what, url, says] of wrong) {
  test(`a wrong REDIS_URL ends the start with one line without the password: ${what}`, async () => {
    const { ended, output } = runServer({ env: { REDIS_URL: url } });
    assert.equal(await ended(), 1);
    assert.match(output(), says);
    assert(!output().includes('secret'));
  });
}

test('a wrong password ends the start with one line without the password', async t => {
  const redis = await startRedis(t, 'right');
  if (!redis) return;
  const { ended, output } = runServer({ env: { REDIS_URL: redis.url.replace('right', 'secret') } });
  assert.equal(await ended(), 1);
  assert.match(output(), /^REDIS_URL: got "…"; takes the address of a Redis that answers, .*\(.*WRONGPASS.*\)\n$/);
  assert(!output().includes('secret'));
});

test('a server without REDIS_URL loads no code of the cluster', () => {
  const script = `process.env.PORT = '0'; require(${JSON.stringify(path.join(root, 'dist', 'server.js'))});
    setTimeout(() => { console.log(Object.keys(require.cache).filter(name => /node_modules.redis|realtime.cluster/.test(name)).join() || 'nothing'); process.exit(); }, 1500)`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: { PATH: process.env.PATH, LOG_LEVEL: 'error' } });
  assert.equal(stdout.trim(), 'nothing');
});
