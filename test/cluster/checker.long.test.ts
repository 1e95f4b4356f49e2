/* The test of checker.test.ts with other seeds, more clients, and a minute for each seed. */
import { test } from 'node:test';
import { checkSeed } from './checker/seed';

for (const seed of [2, 3]) {
  test(`seed ${seed}: one fault after the other`, t => checkSeed(t, seed, 60, false));
}
test('seed 4: faults at the same time', t => checkSeed(t, 4, 60, true));
