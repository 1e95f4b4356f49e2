/*
 * Runs three servers and their clients, makes faults happen, and checks the promise of
 * docs/delivery.md (checker/). A seed decides the faults. If the promise does not hold, the error
 * shows the seed and the schedule of the faults. checker.long.test.ts has 20 clients, more seeds,
 * and a minute of faults for each seed.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../support/template';
import { MUTATIONS } from './checker/mutations';
import { checkSeed } from './checker/seed';

test('several processes keep the promise: a short run', t => checkSeed(t, 5, 8, false, 8));

test('each fault for the checker to find can be put into the server as it is built', () => {
  for (const [file, from, to] of Object.values(MUTATIONS).flat()) {
    const before = readFileSync(path.join(root, file), 'utf8');
    assert.notEqual(before.replace(from, () => to), before, `${file} does not have ${String(from)}`);
  }
});
