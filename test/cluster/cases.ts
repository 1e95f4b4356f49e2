/* What cluster.test.ts and cluster.long.test.ts share. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/wait';
import { standBetween } from './between';
import { Counts, line, serveSeveral, startClients } from './load';
import { startRedis } from '../support/redis';

const NONE = { lost: 0, doubled: 0, outOfOrder: 0 };
const broken = ({ lost, doubled, outOfOrder }: Counts['news']) => ({ lost, doubled, outOfOrder });

/** Each message came once, in order, and each session went on. */
export function assertWhole(counts: Counts): void {
  assert.deepEqual([broken(counts.echoes), broken(counts.numbers), broken(counts.news)], [NONE, NONE, NONE]);
  assert.deepEqual([counts.anew, counts.unanswered], [0, 0], 'each session goes on');
}

/** What the processes have logged. */
function logsOf(folder: string): string {
  const logs = path.join(folder, 'iisnode');
  return readdirSync(logs).map(name => readFileSync(path.join(logs, name), 'utf8')).join('\n');
}

/** How many processes and clients; how far away Redis is at most, and for how long all goes well, ms. */
interface Size { processes: number; clients: number; away: number; pause: number }

/** Processes of one server: one is killed, all are recycled, and of four another one is killed. */
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
  utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date(Date.now() + 1000));
  await sleep(1.5 * pause);
  if (processes > 2) process.kill(pids()[0]!, 'SIGKILL');
  await sleep(pause);
  const counts = await clients.finish();
  t.diagnostic(line('killed and recycled', counts));
  assertWhole(counts);
  // Clients may go on without noticing. The script asks for the owner of each that it takes over (HGET): each was, at the recycle.
  const { hget = 0 } = await redis.commands();
  assert(hget >= count, `${hget} sessions were taken over`);
}

/** So many processes, and nothing that keeps a client with one: slower, and the log says what to switch on. */
export async function withoutStickiness(t: TestContext, processes: number, count: number, most: number): Promise<void> {
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
}
