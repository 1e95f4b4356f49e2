/* The tests of cluster.test.ts with more clients, with two servers, and with a slower Redis. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../support/redis';
import { until } from '../support/wait';
import { assertWhole, killsAndRecycle, withoutStickiness } from './cases';
import { line, serveSeveral, startClients } from './load';

describe('several processes', { concurrency: 2 }, () => {
  for (const away of [0, 50]) {
    test(`4 processes of one server, 40 clients, Redis up to ${away} ms away: two are killed, all are recycled`, t => {
      return killsAndRecycle(t, { processes: 4, clients: 40, away, pause: 4000 });
    });
  }

  test('2 servers with 2 processes each, 20 clients: Redis is restarted empty, then does not answer; one server ends', async t => {
    const redis = await startRedis(t);
    if (!redis) return;
    const [one, two] = await Promise.all([serveSeveral(t, 2, redis.url), serveSeveral(t, 2, redis.url)]);
    const clients = await startClients(t, 20, [one.port, two.port]);
    const isSaid = (state: string) => until(async () => {
      const health = await (await fetch(`${one.url}health`)).json() as { redis: string };
      return health.redis === state;
    }, `health to say that Redis is ${state}`, 60);
    await sleep(3000);
    await isSaid('ok');
    await redis.stop();
    await isSaid('gone');
    await sleep(1000);
    await redis.start();
    await isSaid('ok');
    await sleep(4000);
    redis.freeze();
    await isSaid('gone');
    redis.thaw();
    await isSaid('ok');
    await sleep(3000);
    await one.close();
    await sleep(6000);
    const counts = await clients.finish();
    t.diagnostic(line('Redis restarted and frozen, one of two servers gone', counts));
    assertWhole(counts);
    assert.equal(counts.recovered, 10);
  });

  for (const [processes, clients, away] of [[2, 10, 0], [4, 10, 100]] as const) {
    test(`${processes} processes, ${clients} clients, Redis up to ${away} ms away, no sticky sessions: messages are slow, and the log says which setting to switch on`, t => {
      return withoutStickiness(t, processes, clients, away);
    });
  }
});
