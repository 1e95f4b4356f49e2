/*
 * Several processes that share their clients by Redis: a real redis-server, the stand-in for IIS, public/realtime.js. What clients are
 * told is counted: each message once, in order, whatever becomes of the processes.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { standBetween } from './between';
import { Counts, line, serveSeveral, startClients } from './load';
import { until } from '../support/wait';
import { startRedis } from './redis';

const NONE = { lost: 0, doubled: 0, outOfOrder: 0 };
const broken = ({ lost, doubled, outOfOrder }: Counts['news']) => ({ lost, doubled, outOfOrder });

function assertWhole(counts: Counts): void {
  assert.deepEqual([broken(counts.echoes), broken(counts.numbers), broken(counts.news)], [NONE, NONE, NONE]);
  assert.deepEqual([counts.anew, counts.unanswered], [0, 0], 'each session goes on');
}

/** What the processes have logged. */
function logsOf(folder: string): string {
  const logs = path.join(folder, 'iisnode');
  return readdirSync(logs).map(name => readFileSync(path.join(logs, name), 'utf8')).join('\n');
}

describe('several processes', { concurrency: 2 }, () => {
  for (const most of [0, 50]) test(`4 processes of one server, 40 clients, Redis up to ${most} ms away: two are killed, all are recycled`, async t => {
    const redis = await startRedis(t);
    if (!redis) return;
    const { url } = await standBetween(t, redis.port, most);
    const { port, pids, folder } = await serveSeveral(t, 4, url);
    const clients = await startClients(t, 40, [port]);
    await sleep(4000);
    process.kill(pids()[1]!, 'SIGKILL');
    await sleep(4000);
    utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date(Date.now() + 1000));
    await sleep(6000);
    process.kill(pids()[0]!, 'SIGKILL');
    await sleep(4000);
    const counts = await clients.finish();
    t.diagnostic(line('2 kills, 1 recycle', counts));
    assertWhole(counts);
    // Clients may go on without noticing. The script asks for the owner of each that it takes over (HGET): each was, at the recycle.
    const { hget = 0 } = await redis.commands();
    assert(hget >= 40, `${hget} sessions were taken over`);
  });

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

  for (const [processes, count, most] of [[2, 4, 0], [4, 10, 100]] as const) {
    const name = `${processes} processes, ${count} clients, and nothing that keeps a client with one, Redis up to ${most} ms away`;
    test(`${name}: slower, and the log says what to switch on`, async t => {
      const redis = await startRedis(t);
      if (!redis) return;
      const { url } = await standBetween(t, redis.port, most);
      const { port, folder } = await serveSeveral(t, processes, url, false);
      const clients = await startClients(t, count, [port]);
      await sleep(6000);
      // A busy machine moves clients more slowly: it takes longer until it is worth a line.
      const advice = /let each stay with one \(nodeProcessStickySessions in iisnode\.yml/;
      await until(() => advice.test(logsOf(folder)), 'the line in the log', 40);
      const counts = await clients.finish();
      t.diagnostic(line('no stickiness', counts));
      assertWhole(counts);
    });
  }
});
