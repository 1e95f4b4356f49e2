import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { available } from '../../support/available';
import { describe, run } from './run';

/**
 * Makes a run with the faults of a seed. If the promise does not hold, the test fails, and the
 * error shows the seed and the schedule of the faults.
 */
export async function checkSeed(
  t: TestContext, seed: number, seconds: number, together: boolean, clients = 20,
): Promise<void> {
  const done = await run(t, seed, seconds, together, [], clients);
  if (!available(t, 'redis-server', done, false)) return;
  const { faults, verdict } = done!;
  t.diagnostic(`seed ${seed}: ${faults.length} faults, ${verdict.messages} messages, `
    + `${verdict.violations.length} violations, ${verdict.excused.length} excused, `
    + `${verdict.errors} acknowledgements of processes that were killed or paused, `
    + `${verdict.twice} handlers that ran twice`);
  for (const line of verdict.excused) t.diagnostic(`excused: ${line}`);
  const shown = [`seed ${seed}, ${seconds} s`, describe(faults), ...verdict.violations];
  assert.equal(verdict.violations.length, 0, shown.join('\n'));
}
