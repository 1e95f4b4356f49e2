/*
 * Three servers, clients, faults by a seed (checker/): the promise of docs/delivery.md holds. A
 * violation is shown with its seed and its schedule. checker.long.test.ts has 20 clients, more
 * seeds, and a minute of faults for each.
 */
import { test } from 'node:test';
import { checkSeed } from './checker/seed';

test('several processes keep the promise: a short run', t => checkSeed(t, 5, 8, false, 8));
