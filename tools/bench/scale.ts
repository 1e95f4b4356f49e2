/*
 * Carries out `npm run bench -- --scale`: measures the growth of a server. The server is one
 * process, with more and more clients whose polls wait.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { showProgress } from '../progress';
import type { Crowd } from './client';
import { crowds } from './crowds';
import { within, withCrowd } from './load';
import { broadcast } from './messages';
import { build } from './paths';
import type { Readings } from './probe';
import { circumstances, grid, middle } from './report';
import type { Running } from './running';
import { Kind, kinds as all } from './servers';

/** The numbers of clients. The last one is the default of MAX_CLIENTS. */
const STEPS = [100, 1000, 3000, 10000];
const BROADCASTS = 5;
/** The longest time of a broadcast, s. A broadcast that takes longer has failed. */
const LONGEST = 60;

const HEAD = [
  'clients', 'KB of heap and buffers a client', 'KB of the process a client',
  'ms until a broadcast has reached all', 'µs CPU a delivery', 'dropped',
];
const NOTE = [
  `Broadcasts: the median of ${BROADCASTS}. Their CPU includes the polls that follow.`,
  `Memory: of each client beyond the first ${STEPS[0]}. The first row has the memory of each of`,
  `the first ${STEPS[0]} clients, which includes the memory that the server needs only once.`,
].join(' ');

/**
 * Measures the growth of each server, and clients that come and go at once. Prints the tables, and
 * writes them to build/bench-scale.md.
 * @param parts 'growth', 'crowds' or both
 * @param quick whether to stop at 1,000 clients
 * @throws Error if the server has lost a client
 */
export async function scale(kinds: Kind[], parts: string[], quick: boolean): Promise<void> {
  const steps = quick ? STEPS.slice(0, 2) : STEPS;
  checkOpenFiles(Math.max(...steps));
  const start = Date.now();
  const tables: string[] = [];
  for (const kind of parts.includes('growth') ? kinds : []) {
    try {
      const rows = await withCrowd(kind, 0, (server, crowd) => grow(server, crowd, steps));
      tables.push(`${kind.title}, one process\n\n${grid(HEAD, rows)}`);
    } catch (error) {
      throw new Error(`--scale with ${kind.name}: ${(error as Error).message}`, { cause: error });
    }
  }
  if (tables.length > 0) tables.push(NOTE);
  if (parts.includes('crowds')) {
    // The floor has no sessions, so it does not notice clients that go.
    const floor = all.filter(({ name, over }) => name === 'floor' && !over);
    const others = kinds.filter(({ name }) => name !== 'floor');
    tables.push(await crowds([...floor, ...others], quick ? [300, 1000] : [1000, 10000]));
  }
  const text = [...tables, circumstances(start)].join('\n\n');
  console.log(text);
  writeFileSync(path.join(build, 'bench-scale.md'), `${text}\n`);
}

/**
 * Checks the limit of open files. Each client has a connection in this process, and a connection in
 * the server's process.
 * @throws Error if the limit is too low
 */
function checkOpenFiles(clients: number): void {
  const { status, stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  // "unlimited" becomes NaN. Without a shell, the system is Windows, which has no limit.
  const limit = status === 0 ? Number(stdout) : NaN;
  if (limit < clients + 200) {
    const cure = `raise the limit (ulimit -n ${clients + 1000})`;
    const limits = `a process may have ${limit} open files here`;
    throw new Error(`${limits}, too few for ${clients} clients: ${cure}`);
  }
}

/**
 * Adds clients, and measures at each step.
 * @returns the rows of the table
 */
async function grow(server: Running, crowd: Crowd, steps: number[]): Promise<string[][]> {
  let base = { count: 0, ...await readMemory(server) };
  const rows: string[][] = [];
  for (const count of steps) {
    showProgress(`${server.kind.name}: ${count} clients `);
    await crowd.add(count - crowd.clients.length);
    const memory = await readMemory(server);
    const each = (figure: 'heap' | 'rss') => {
      const bytes = (memory[figure] - base[figure]) / (count - base.count);
      return (bytes / 1024).toFixed(1);
    };
    const { ms, cpu } = await measureBroadcasts(server, crowd);
    const dropped = await countDropped(server, count);
    if (dropped !== 0) throw new Error(`${dropped} of ${count} clients are not connected any more`);
    rows.push([count.toLocaleString('en'), each('heap'), each('rss'), ms, cpu, String(dropped)]);
    if (base.count === 0) base = { count, ...memory };
  }
  showProgress('');
  return rows;
}

async function readMemory(server: Running): Promise<Readings> {
  await sleep(500);
  return server.ask('memory');
}

/** Measures broadcasts. The first broadcast is a warm-up, and does not count. */
async function measureBroadcasts(
  server: Running, crowd: Crowd,
): Promise<{ ms: string; cpu: string }> {
  const reach = () => within(LONGEST, 'a broadcast to reach all clients', broadcast(crowd));
  await reach();
  const before = await server.ask('cpu');
  const slowest: number[] = [];
  for (let i = 0; i < BROADCASTS; i++) slowest.push(Math.max(...await reach()));
  const { cpu } = await server.ask('cpu');
  const each = (cpu - before.cpu) / BROADCASTS / crowd.clients.length;
  return { ms: middle(slowest), cpu: each.toFixed(1) };
}

/** @returns the number of clients that the server has lost; 0 if the server counts no clients */
async function countDropped({ kind, port }: Running, count: number): Promise<number> {
  if (!kind.health) return 0;
  const answer = await fetch(`http://localhost:${port}${kind.health}`);
  const { clients } = await answer.json() as { clients: number };
  return count - clients;
}
