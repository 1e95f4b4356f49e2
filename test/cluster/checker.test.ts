/*
 * Runs three servers and their clients, makes faults happen, and checks the promise of
 * docs/delivery.md (checker/). A seed decides the faults. If the promise does not hold, the error
 * shows the seed and the schedule of the faults. checker.long.test.ts has 20 clients, more seeds,
 * and a minute of faults for each seed.
 */
import { test } from 'node:test';
import { deploy } from '../support/template';
import { MUTATIONS } from './checker/mutations';
import { checkSeed } from './checker/seed';

test('several processes keep the promise: a short run', t => checkSeed(t, 5, 8, false, 8));

test('each fault for the checker to find can be put into the server as it is built', t => {
  // deploy throws where a file does not have the text that is to be replaced.
  for (const edits of Object.values(MUTATIONS)) deploy(t, edits);
});
