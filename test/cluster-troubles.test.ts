/* What becomes of clients when Redis is frozen, late, refuses or goes: they stay, and their processes too. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { arrives, setUp } from './cluster/scene';
import { open } from './cluster/two';
import { appPath, until } from './helper';

describe('Redis in trouble', { concurrency: 4 }, () => {
  test('frozen while a POST is under way: the client is answered, and goes on with its process', async t => {
    const scene = await setUp(t);
    if (!scene) return;
    const { client, here } = scene;
    here.redis.hold('commands');
    client.emit('never');
    await until(() => /Redis does not answer/.test(here.server.output()), 'its process to notice');
    client.emit('all', 'hello');
    await until(() => client.heard.length > 0, 'an answer');
    here.redis.release();
    await until(() => /Redis is back/.test(here.server.output()), 'Redis to be back');
    await client.ask('get');
    assert.deepEqual([client.heard, client.states], [['hello'], ['connecting', 'connected']]);
  });

  test('a client that was told more than Redis knows of gets a new session from the next process', async t => {
    const scene = await setUp(t);
    if (!scene) return;
    const { client, front, here, there } = scene;
    here.redis.hold('commands');
    client.emit('never');
    await until(() => /Redis does not answer/.test(here.server.output()), 'its process to notice');
    client.emit('never');
    await sleep(3000); // it is told that both have arrived
    front.turn();
    assert.deepEqual(await client.ask('pid'), [there.server.process.pid]);
    assert.equal(client.states.at(-1), 'connected');
  });

  test('gone while a process waits for the end of another one: it lives on', async t => {
    const scene = await setUp(t);
    if (!scene) return;
    const { redis, client, front, here, there } = scene;
    void client.ask('never');
    await client.ask('get');
    here.server.process.kill('SIGKILL');
    front.turn();
    await arrives(client, there);
    redis.kill();
    await sleep(7000);
    assert.equal(there.server.process.exitCode, null);
  });

  test('an error instead of what the bus says: it is asked again', async t => {
    const scene = await setUp(t);
    if (!scene) return;
    const { redis, client } = scene;
    await redis.call('config', 'set', 'lua-time-limit', '50');
    // A reader is waiting: it is woken by the entry, and asks again while somebody's script runs for too long.
    const script = `redis.replicate_commands() local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
      local began = now() while now() - began < 600 do end return 1`;
    await Promise.all([redis.call('xadd', `socket.io:${appPath}:bus`, '*', 'e', '{}'), redis.call('eval', script, '0')]);
    client.emit('all', 'hello');
    await until(() => client.heard.length > 0, 'what is told to all');
    assert.deepEqual(client.heard, ['hello']);
  });

  test('many messages at once to another client, and one just before its end', async t => {
    const scene = await setUp(t);
    if (!scene) return;
    const { client, here } = scene;
    const other = await open(t, here.server.port);
    const [id] = await other.ask('join', 'a room') as [string];
    client.emit('many', id, 12000);
    await until(() => other.heard.length === 12000, 'all of them');
    client.emit('kick', id);
    await until(() => other.states.at(-1) === 'disconnected', 'its end');
    assert.deepEqual([other.heard.length, other.heard[0], other.heard.at(-1)], [12001, '1', 'bye']);
  });
});
