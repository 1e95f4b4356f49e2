/* The tests that cluster.test.ts and cluster.long.test.ts run with different numbers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keys } from '../../src/realtime/cluster/commit';
import type { RedisServer } from '../../tools/redis-server';
import { appPath } from '../support/template';
import { until } from '../support/wait';
import { standBetween } from './between';
import { Counts, line, serveSeveral, startClients } from './load';
import { startRedis } from '../support/redis';

const NONE = { lost: 0, doubled: 0, outOfOrder: 0 };
const broken = ({ lost, doubled, outOfOrder }: Counts['news']) => ({ lost, doubled, outOfOrder });

/** Checks that each message came once and in order, and that each client kept its session. */
export function assertWhole(counts: Counts): void {
  assert.deepEqual([broken(counts.echoes), broken(counts.numbers), broken(counts.news)], [NONE, NONE, NONE]);
  assert.deepEqual([counts.anew, counts.unanswered], [0, 0], 'each session goes on');
}

/** @returns the logs of all processes of the server in this folder */
function logsOf(folder: string): string {
  const logs = path.join(folder, 'iisnode');
  return readdirSync(logs).map(name => readFileSync(path.join(logs, name), 'utf8')).join('\n');
}

/** The size of a test. */
interface Size {
  processes: number;
  clients: number;
  /** The longest delay between a process and Redis, in each direction, ms. */
  away: number;
  /** The time between two faults, ms. */
  pause: number;
}

/**
 * Kills one process of a server, then recycles all its processes. If the server has more than two
 * processes, another one is killed after that.
 */
export async function killsAndRecycle(
  t: TestContext, { processes, clients: count, away, pause }: Size,
): Promise<void> {
  const redis = await startRedis(t);
  if (!redis) return;
  const { url } = await standBetween(t, redis.port, away);
  const { port, pids, folder } = await serveSeveral(t, processes, url);
  const clients = await startClients(t, count, [port]);
  await sleep(pause);
  process.kill(pids()[1]!, 'SIGKILL');
  await sleep(pause);
  // On a busy machine the clients of the killed process come back later. The recycle must not come
  // first, because it would move all sessions once, and none of them twice.
  await until(async () => (await readTerms(redis)).some(term => term >= 2), 'the kill to move a session');
  utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date(Date.now() + 1000));
  await sleep(1.5 * pause);
  if (processes > 2) process.kill(pids()[0]!, 'SIGKILL');
  await sleep(pause);
  await until(async () => (await readTerms(redis)).every(term => term >= 2), 'the recycle to move each session');
  const counts = await clients.finish();
  t.diagnostic(line('killed and recycled', counts));
  assertWhole(counts);
  // A client may not notice that its session moves. The rows in Redis show the moves, because each
  // takeover adds 1 to the term of a session. The kill moves some sessions, and after that the
  // recycle moves each session.
  const terms = await readTerms(redis);
  assert.equal(terms.length, count);
  assert(terms.every(term => term >= 2), `terms: ${terms.join()}`);
  assert(terms.some(term => term >= 3), `terms: ${terms.join()}`);
}

/** @returns the term of each session in Redis */
async function readTerms(redis: RedisServer): Promise<number[]> {
  const keys = await redis.call('keys', new Keys(appPath).session('*')) as string[];
  return Promise.all(keys.map(async key => Number(await redis.call('hget', key, 'term'))));
}

/**
 * Runs a server without sticky sessions: each request of a client may go to another process.
 * Messages arrive more slowly, and the log says which setting to switch on.
 * @param most the longest delay between a process and Redis, in each direction, ms
 */
export async function withoutStickiness(t: TestContext, processes: number, count: number, most: number): Promise<void> {
  const redis = await startRedis(t);
  if (!redis) return;
  const { url } = await standBetween(t, redis.port, most);
  const { port, folder } = await serveSeveral(t, processes, url, false);
  const clients = await startClients(t, count, [port]);
  await sleep(6000);
  // On a busy machine sessions move less often, and the process writes the line later.
  const advice = /let each client stay with one process \(nodeProcessStickySessions in iisnode\.yml/;
  await until(() => advice.test(logsOf(folder)), 'the line on sticky sessions in the log', 40);
  const counts = await clients.finish();
  t.diagnostic(line('no stickiness', counts));
  assertWhole(counts);
}
