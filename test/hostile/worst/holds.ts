/* Measures how much the server of a case holds during the attacks, and after them. */
import assert from 'node:assert/strict';
import { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { resource } from '../../support/template';
import { until } from '../../support/wait';
import type { Case } from './cases';
import { fill, many, open, start, Target } from './target';

const MB = 1000000;
/** Of WINDOW readings of the memory in a row, the least counts. The server reads it every EVERY ms. */
const EVERY = 100;
const WINDOW = 5;
/** The number of readings before an attack. After some work, node 12 gives memory back for a second. */
const BEFORE = 20;
/** How many connections the requests of a case keep open. */
const KEPT = 20;

/**
 * Watches the most bytes that a process holds, from now on. Of each half second, the least counts:
 * what is held only for the moment, while a large message is handled, is not counted. The server
 * collects its garbage before each reading, but leaves 4 MB of it.
 */
function watch({ onRead }: Target): { most: () => number; stop: () => void } {
  let readings: number[] = [];
  let most = 0;
  const stop = onRead(memory => {
    readings.push(memory);
    if (readings.length < WINDOW) return;
    most = Math.max(most, Math.min(...readings));
    readings = [];
  });
  return { most: () => most, stop };
}

/** @returns the least of the next BEFORE readings, bytes */
async function least({ onRead }: Target): Promise<number> {
  const readings: number[] = [];
  const stop = onRead(memory => { readings.push(memory); });
  await until(() => readings.length >= BEFORE, 'readings of the memory');
  stop();
  return Math.min(...readings);
}

/**
 * Serves clients that read all that they get. Afterwards the process has all memory that it needs
 * only once.
 */
async function warmUp(target: Target): Promise<void> {
  await many(3, 3, async () => {
    const at = await open(target);
    for (const [times, letters] of [[1, 500000], [20000, 10], [1, 500000]] as const) {
      const answer = target.request(at);
      await target.request(at, fill(times, letters));
      await answer;
    }
    await target.request(at, '0::');
  });
}

/**
 * Attacks a server.
 * @param node the program that runs the server
 * @throws if the server holds 30 MB more than twice the bytes that its settings allow, even during
 * an attack; if the server does not answer afterwards; if the server keeps connections
 */
export async function holds(t: TestContext, node: string, which: Case): Promise<void> {
  const target = await start(t, node, which.settings);
  await warmUp(target);
  const before = await least(target);
  const descriptors = target.descriptors();
  const open = descriptors + KEPT + which.connections;
  for (const [name, attack] of Object.entries(which.attacks)) {
    const watched = watch(target);
    try {
      await attack(target);
      await until(() => target.descriptors() <= open, `no more than ${open} descriptors`);
      await sleep(2 * EVERY * WINDOW);
    } finally {
      watched.stop();
    }
    const grown = watched.most() - before;
    const [more, allowed] = [grown, which.allowed].map(bytes => Math.round(bytes / MB));
    const found = `${name}: ${more} MB more, of ${allowed} MB allowed`;
    t.diagnostic(found);
    assert(grown <= 2 * which.allowed + 30 * MB, found);
  }
  assert.equal((await target.request(`${resource}/1/`)).status, 200);
  target.end();
  await until(() => target.descriptors() <= descriptors, 'the end of its connections');
}
