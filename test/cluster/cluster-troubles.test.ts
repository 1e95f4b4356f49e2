/* What becomes of clients when Redis is frozen, late or goes: they stay, and their processes too. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { arrives, scene } from './scene';
import { open } from './two';
import { until } from '../support/wait';

describe('Redis in trouble', () => {
  scene('frozen while a POST is under way: the client is answered, and goes on with its process', async ({ client, here }) => {
    here.redis.hold('commands');
    client.emit('never');
    await until(() => /Redis does not answer/.test(here.server.output()), 'its process to notice');
    client.emit('all', 'hello');
    assert.deepEqual(await client.ask('pid'), [here.server.process.pid]);
    assert.deepEqual(client.heard, [], 'what is for all waits for Redis');
    here.redis.release();
    await until(() => /Redis is back/.test(here.server.output()), 'Redis to be back');
    await until(() => client.heard.length > 0, 'what was told to all');
    await client.ask('get');
    assert.deepEqual([client.heard, client.states], [['hello'], ['connecting', 'connected']]);
  });

  scene('gone while a process waits for the end of another one: it lives on', async ({ redis, client, front, here, there }) => {
    void client.ask('never');
    await client.ask('get');
    here.server.process.kill('SIGKILL');
    front.turn();
    await arrives(client, there);
    await redis.stop();
    await sleep(7000);
    assert.equal(there.server.process.exitCode, null);
    await redis.start();
  });

  scene('many messages at once to another client, and one just before its end', async ({ client, here }, t) => {
    const other = await open(t, here.server.port);
    const [id] = await other.ask('join', 'a room') as [string];
    client.emit('many', id, 12000);
    await until(() => other.heard.length === 12000, 'all of them');
    client.emit('kick', id);
    await until(() => other.states.at(-1) === 'disconnected', 'its end');
    assert.deepEqual([other.heard.length, other.heard[0], other.heard.at(-1)], [12001, '1', 'bye']);
  });
});
