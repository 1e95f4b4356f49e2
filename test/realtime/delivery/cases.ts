/*
 * The cases of delivery.test.ts and delivery.long.test.ts. The second has more clients, and runs
 * them for longer.
 */
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

/** Changes a file of the server, so that the next request replaces the process. */
function touch(folder: string, seconds: number): void {
  utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date(Date.now() + seconds * 1000));
}

/** @returns the text that each process has written so far, the newest process last */
function records(folder: string): string[] {
  const files = readdirSync(folder).filter(name => name.startsWith('numbers-'));
  const began = (name: string) => Number(name.split('-')[2]);
  return files.sort((a, b) => began(a) - began(b)).map(name => readFileSync(path.join(folder, name), 'utf8'));
}

/**
 * Waits until the newest process has heard each client.
 * @param processes how many processes there are by then
 * @param when 'ever': a number that arrived earlier counts too; 'from now on': it does not
 */
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
 * @param steps how each process is replaced: by a recycle that overlaps, or after a kill
 * @param pause how long the clients go on in each process, ms
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
    // This is the newest process. One that was replaced may still answer its polls.
    else process.kill(pids()[0]!, 'SIGKILL');
  }
  await heardByAll(folder, steps.length + 1, clients);
  await sleep(pause);
  const counts = count(folder, await running.finish());
  table(steps.join(', '), counts).forEach(line => t.diagnostic(line));
  // Each message to the server arrives at least once, and no process handles one twice. A client
  // may send a new process a message that the process before has handled.
  assert.deepEqual({ ...broken(counts.up), doubled: counts.up.doubledWithin }, NONE);
  // A client gets all messages of a session up to the last one that arrived. The last session goes
  // on, so all of its messages arrive.
  assert.deepEqual(broken(counts.down), NONE);
  assert.deepEqual(counts.wrong, [], 'recovered is false where the session is another one, and only there');
  assert.equal(counts.processes, steps.length + 1);
  // Most of the clients had a session in each process.
  assert(counts.sessions > clients * steps.length * 0.8, String(counts.sessions));
}

/**
 * Clients sleep, while the server goes on sending.
 * @param seconds how long they sleep
 * @param settings more lines for <appSettings> in web.config; '' for none
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
 * Clients send 10 messages a second each way, while connections are cut at random: about one a
 * second for each client.
 * @param least how many polls, POSTs and handshakes are cut at least, and how many POSTs arrive
 * late
 */
export async function cut(t: TestContext, clients: number, least: number): Promise<void> {
  const { port, folder } = await serveNumbers(t);
  const cutter = await startCutter(t, port);
  // The cuts begin before the clients start, so that they meet handshakes and first polls too.
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
  // The process lives on, and so does each session.
  assert.equal(counts.sessions, clients);
  assert.equal(counts.down.gone, 0);
  assert(counts.recovered >= 2 * least, String(counts.recovered));
}

/**
 * 0.9's own client sends messages, and so finds the process that a recycle has started.
 * @returns the time from the recycle to the first message that the new process takes, of each
 * round, ms
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
    // 0.9 finds the new process with the next message, which is lost. It keeps messages while it
    // has no connection.
    const typing = setInterval(() => client.emit('who', (pid: number) => { if (pid !== before) took ||= Date.now() - start; }), 50);
    await until(() => took, 'the new process', 60).finally(() => clearInterval(typing));
    times.push(took);
    client.socket.disconnect();
  }
  return times;
}
