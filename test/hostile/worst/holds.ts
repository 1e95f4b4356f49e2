/* What the server of a case holds while it is attacked, and afterwards. */
import assert from 'node:assert/strict';
import { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { resource } from '../../support/template';
import { until } from '../../support/wait';
import type { Case } from './cases';
import { fill, many, open, start, Target } from './target';

const MB = 1000000;
/** How often the memory is looked at, ms; and of how many looks in a row the least counts. */
const EVERY = 20;
const WINDOW = 25;
/** How many connections the requests of a case keep. */
const KEPT = 20;

/**
 * The most that a process holds, bytes, beginning now: of each half second the least, as the server
 * collects what is free ten times in it. All that is free and not collected is no more than garbage of
 * the application, which makes half a megabyte at a time.
 */
function watch({ memory }: Target): { most: () => number; stop: () => void } {
  let looks: number[] = [];
  let most = 0;
  const timer = setInterval(() => {
    looks.push(memory());
    if (looks.length < WINDOW) return;
    most = Math.max(most, Math.min(...looks));
    looks = [];
  }, EVERY);
  return { most: () => most, stop: () => clearInterval(timer) };
}

/** Serves clients that read all that they get: what a process needs once is there afterwards. */
async function warmUp(target: Target): Promise<void> {
  await many(6, 3, async () => {
    const at = await open(target);
    for (const [times, letters] of [[1, 500000], [20000, 10], [1, 500000]] as const) {
      const answer = target.request(at);
      await target.request(at, fill(times, letters));
      await answer;
    }
    await target.request(at, '0::');
  });
  await sleep(EVERY * WINDOW);
}

/**
 * Attacks a server.
 * @param node the program that runs it
 * @throws if it holds more than twice what its settings allow and 30 MB, also while it is attacked; if it
 * does not answer afterwards; if it keeps connections
 */
export async function holds(t: TestContext, node: string, which: Case): Promise<void> {
  const target = await start(t, node, which.settings);
  await warmUp(target);
  const before = target.memory();
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
