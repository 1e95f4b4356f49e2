/*
 * Runs three servers and their clients, makes faults happen, and checks the promise of
 * docs/delivery.md (checker/). A seed decides the faults. If the promise does not hold, the error
 * shows the seed and the schedule of the faults. checker.long.test.ts has 20 clients, more seeds,
 * and a minute of faults for each seed.
 */
import { test } from 'node:test';
import { checkSeed } from './checker/seed';

test('several processes keep the promise: a short run', t => checkSeed(t, 5, 8, false, 8));
