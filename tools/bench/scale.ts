/* How a server grows: what `npm run bench -- --scale` runs. One process, more and more clients whose polls wait. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Crowd } from './client';
import { crowds } from './crowds';
import { within, withCrowd } from './load';
import { broadcast } from './messages';
import { build } from './paths';
import type { Readings } from './probe';
import { circumstances, grid, middle } from './report';
import type { Running } from './running';
import { Kind, kinds as all } from './servers';

/** The last one is all that MAX_CLIENTS lets in by default. */
const STEPS = [100, 1000, 3000, 10000];
const BROADCASTS = 5;
/** A broadcast that takes longer has not reached all, s. */
const LONGEST = 60;

const HEAD = ['clients', 'KB of heap and buffers a client', 'KB of the process a client', 'ms until a broadcast has reached all', 'µs CPU a delivery', 'dropped'];
const NOTE = `Broadcasts: the median of ${BROADCASTS}, their CPU with that of the polls that follow. Memory: what each client beyond the first ` +
  `${STEPS[0]} takes; in the first row, what each of those takes, with what the server needs only once.`;

/**
 * Grows each server, and prints a table for each; lets crowds come and go. All of it is written to
 * build/bench-scale.md as well.
 * @param parts 'growth', 'crowds' or both
 * @param quick stops at 1,000 clients
 * @throws if a client is dropped, or the server does not know of it
 */
export async function scale(kinds: Kind[], parts: string[], quick: boolean): Promise<void> {
  const steps = quick ? STEPS.slice(0, 2) : STEPS;
  checkOpenFiles(Math.max(...steps));
  const start = Date.now();
  const tables: string[] = [];
  for (const kind of parts.includes('growth') ? kinds : []) {
    try {
      tables.push(`${kind.title}, one process\n\n${grid(HEAD, await withCrowd(kind, 0, (server, crowd) => grow(server, crowd, steps)))}`);
    } catch (error) {
      throw new Error(`--scale with ${kind.name}: ${(error as Error).message}`, { cause: error });
    }
  }
  if (tables.length > 0) tables.push(NOTE);
  if (parts.includes('crowds')) {
    // The floor has no sessions: of it only the coming is measured.
    const floor = all.filter(({ name, over }) => name === 'floor' && !over);
    const others = kinds.filter(({ name }) => name !== 'floor');
    tables.push(await crowds([...floor, ...others], quick ? [300, 1000] : [1000, 10000]));
  }
  const text = [...tables, circumstances(start)].join('\n\n');
  console.log(text);
  writeFileSync(path.join(build, 'bench-scale.md'), `${text}\n`);
}

/** Each client is a connection here, and another one in the server's process. */
function checkOpenFiles(clients: number): void {
  const { status, stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  // Not a number is no limit, no shell is Windows, which has none.
  const most = status === 0 ? Number(stdout) : NaN;
  if (most < clients + 200) {
    throw new Error(`a process may have ${most} open files here, too few for ${clients} clients: raise the limit (ulimit -n ${clients + 1000})`);
  }
}

/** Adds clients, and measures at each step. Gives the rows of the table. */
async function grow(server: Running, crowd: Crowd, steps: number[]): Promise<string[][]> {
  let base = { count: 0, ...await settled(server) };
  const rows: string[][] = [];
  for (const count of steps) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${server.kind.name}: ${count} clients `);
    await crowd.add(count - crowd.clients.length);
    const memory = await settled(server);
    const each = (figure: 'heap' | 'rss') => ((memory[figure] - base[figure]) / (count - base.count) / 1024).toFixed(1);
    const { ms, cpu } = await tell(server, crowd);
    const dropped = await countDropped(server, count);
    if (dropped !== 0) throw new Error(`${dropped} of ${count} clients are not connected any more`);
    rows.push([count.toLocaleString('en'), each('heap'), each('rss'), ms, cpu, String(dropped)]);
    if (base.count === 0) base = { count, ...memory };
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return rows;
}

async function settled(server: Running): Promise<Readings> {
  await sleep(500);
  return server.ask('memory');
}

/** Broadcasts, once to warm up. */
async function tell(server: Running, crowd: Crowd): Promise<{ ms: string; cpu: string }> {
  const reach = () => within(LONGEST, 'a broadcast to reach all clients', broadcast(crowd));
  await reach();
  const before = await server.ask('cpu');
  const slowest: number[] = [];
  for (let i = 0; i < BROADCASTS; i++) slowest.push(Math.max(...await reach()));
  const { cpu } = await server.ask('cpu');
  return { ms: middle(slowest), cpu: middle([(cpu - before.cpu) / BROADCASTS / crowd.clients.length], 1) };
}

/** How many clients the server no longer counts. One that does not count has at least reached all of them. */
async function countDropped({ kind, port }: Running, count: number): Promise<number> {
  if (!kind.health) return 0;
  const answer = await fetch(`http://localhost:${port}${kind.health}`);
  const { clients } = await answer.json() as { clients: number };
  return count - clients;
}
