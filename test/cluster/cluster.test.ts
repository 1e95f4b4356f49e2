/*
 * Several processes that share their clients by Redis: a real redis-server, the stand-in for IIS, public/realtime.js. What clients are
 * told is counted: each message once, in order, whatever becomes of the processes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertWhole, killsAndRecycle, withoutStickiness } from './cases';
import { line, serveSeveral, startClients } from './load';
import { startRedis } from '../support/redis';

describe('several processes', { concurrency: 2 }, () => {
  test('4 processes of one server, 16 clients, Redis up to 50 ms away: two are killed, all are recycled', t => killsAndRecycle(t, 16, 50));

  test('2 servers with 2 processes each, 20 clients: Redis is restarted empty, then does not answer; one server goes', async t => {
    const redis = await startRedis(t);
    if (!redis) return;
    const [one, two] = await Promise.all([serveSeveral(t, 2, redis.url), serveSeveral(t, 2, redis.url)]);
    const clients = await startClients(t, 20, [one.port, two.port]);
    const health = async () => (await (await fetch(`${one.url}health`)).json() as { redis: string }).redis;
    await sleep(3000);
    assert.equal(await health(), 'ok');
    await redis.stop();
    await sleep(2000);
    assert.equal(await health(), 'gone');
    await redis.start();
    await sleep(4000);
    assert.equal(await health(), 'ok');
    redis.freeze();
    await sleep(5000);
    assert.equal(await health(), 'gone');
    redis.thaw();
    await sleep(3000);
    assert.equal(await health(), 'ok');
    await one.close();
    await sleep(6000);
    const counts = await clients.finish();
    t.diagnostic(line('Redis restarted and frozen, one of two servers gone', counts));
    assertWhole(counts);
    assert.equal(counts.recovered, 10);
  });

  test('2 processes, 4 clients, and nothing that keeps a client with one: slower, and the log says what to switch on', t => withoutStickiness(t, 2, 4, 0));
});
