/* What delivery.test.ts tries once, and delivery.long.test.ts with more clients and for longer. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, connect, next } from '../../support/client';
import type { Edit } from '../../support/template';
import { until } from '../../support/wait';
import { startCutter } from './cutter';
import { count, Counts, serveNumbers, startClients, table } from './load';

const NONE = { lost: 0, doubled: 0, outOfOrder: 0 };
const broken = ({ lost, doubled, outOfOrder }: Counts['up'] | Counts['down']) => ({ lost, doubled, outOfOrder });

/** A file of the server changes: the process is replaced at the next request. */
function touch(folder: string, seconds: number): void {
  utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date(Date.now() + seconds * 1000));
}

/** What each process has written down so far, the newest last. */
function records(folder: string): string[] {
  const files = readdirSync(folder).filter(name => name.startsWith('numbers-'));
  const began = (name: string) => Number(name.split('-')[2]);
  return files.sort((a, b) => began(a) - began(b)).map(name => readFileSync(path.join(folder, name), 'utf8'));
}

/** Waits until the newest of so many processes has heard each client: at any time, or again from now on. */
export async function heardByAll(
  folder: string, processes: number, clients: number, when: 'ever' | 'from now on' = 'ever',
): Promise<void> {
  const from = when === 'ever' ? 0 : records(folder).at(-1)!.length;
  await until(() => {
    const all = records(folder);
    if (all.length < processes) return false;
    const text = all.at(-1)!.slice(from);
    return Array.from({ length: clients }, (_, client) => client).every(client => text.includes(`\nin ${client} `));
  }, `process ${processes} to hear each client`, 90);
}

/**
 * Clients send 10 messages a second each way, while processes are replaced.
 * @param steps by a recycle that overlaps, or after a kill
 * @param pause how long they go on in each process, ms
 */
export async function replaced(
  t: TestContext, clients: number, steps: ('recycle' | 'kill')[], pause: number,
): Promise<void> {
  const { port, folder, pids } = await serveNumbers(t);
  const running = await startClients(t, port, clients);
  for (const [i, what] of steps.entries()) {
    await heardByAll(folder, i + 1, clients);
    await sleep(pause);
    if (what === 'recycle') touch(folder, i + 1);
    else process.kill(pids()[0]!, 'SIGKILL'); // the newest: one that was replaced may still answer its polls
  }
  await heardByAll(folder, steps.length + 1, clients);
  await sleep(pause);
  const counts = count(folder, await running.finish());
  table(steps.join(', '), counts).forEach(line => t.diagnostic(line));
  // To the server at least once, and no process handles one twice. What a new one is sent again, the last may have handled.
  assert.deepEqual({ ...broken(counts.up), doubled: counts.up.doubledWithin }, NONE);
  // To the client: all of what a session brings, up to its last; the last session goes on, and brings all.
  assert.deepEqual(broken(counts.down), NONE);
  assert.deepEqual(counts.wrong, [], 'recovered is false where the session is another one, and only there');
  assert.equal(counts.processes, steps.length + 1);
  assert(counts.sessions > clients * steps.length * 0.8, String(counts.sessions)); // most of the clients have been at each
}

/**
 * A client sleeps, and the server sends on.
 * @param settings of the server, as web.config has them; '' for those that it comes with
 */
export async function asleep(t: TestContext, seconds: number, settings: string): Promise<void> {
  const CLIENTS = 5;
  const edits: Edit[] = settings ? [['web.config', '</appSettings>', `${settings}</appSettings>`]] : [];
  const { port, folder } = await serveNumbers(t, edits);
  const clients = await startClients(t, port, CLIENTS);
  await sleep(1000);
  process.kill(clients.pid, 'SIGSTOP');
  await sleep(seconds * 1000);
  process.kill(clients.pid, 'SIGCONT');
  await sleep(2000);
  const counts = count(folder, await clients.finish());
  table(`${CLIENTS} clients sleep for ${seconds} s`, counts).forEach(line => t.diagnostic(line));
  assert.deepEqual([broken(counts.up), broken(counts.down), counts.wrong], [NONE, NONE, []]);
  assert.equal(counts.sessions, CLIENTS);
  assert(counts.down.sent > CLIENTS * seconds * 8, String(counts.down.sent));
}

/**
 * Clients send 10 messages a second each way, while connections are cut at random, about one a second for
 * each client: at least so many polls, POSTs and handshakes, and POSTs that arrive late.
 */
export async function cut(t: TestContext, clients: number, least: number): Promise<void> {
  const { port, folder } = await serveNumbers(t);
  const cutter = await startCutter(t, port);
  // From the start: handshakes and first polls are among what is cut.
  cutter.cut(clients * 0.3);
  const running = await startClients(t, cutter.port, clients);
  cutter.cut(clients);
  const { counts: made } = cutter;
  const isEnough = () => Math.min(made.poll, made.post, made.handshake, made.late) >= least
    && made.poll + made.post + made.late >= 8 * least;
  await until(isEnough, 'enough to be cut', 120);
  cutter.cut(0);
  const counts = count(folder, await running.finish());
  table(`cut ${JSON.stringify(made)}`, counts).forEach(line => t.diagnostic(line));
  assert.deepEqual(broken(counts.up), NONE);
  assert.deepEqual(broken(counts.down), NONE);
  assert.deepEqual(counts.wrong, []);
  // The process lives, and so does each session.
  assert.equal(counts.sessions, clients);
  assert.equal(counts.down.gone, 0);
  assert(counts.recovered >= 2 * least, String(counts.recovered));
}

/**
 * 0.9's own client, which someone types into, finds the process that a recycle has started.
 * @returns from the recycle to the first message that the new process takes, ms, of each round
 */
export async function found(t: TestContext, rounds: number): Promise<number[]> {
  const { origin, folder } = await serveNumbers(t);
  const times: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const client = connect(t, origin, { reconnect: true });
    await next(client, 'connect');
    const [before] = await ask(client, 'who') as [number];
    await sleep(500);
    touch(folder, round);
    const start = Date.now();
    let took = 0;
    // 0.9 finds the new process with the next message, which is lost, and keeps those that it has no connection for.
    const typing = setInterval(() => client.emit('who', (pid: number) => { if (pid !== before) took ||= Date.now() - start; }), 50);
    await until(() => took, 'the new process', 60).finally(() => clearInterval(typing));
    times.push(took);
    client.socket.disconnect();
  }
  return times;
}
