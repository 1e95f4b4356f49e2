/*
 * These tests do the same as fuzz.test.ts, with more requests and more clients. FUZZ_SEED=n sends
 * the cases of an earlier run with that seed again. FUZZ_CASES=n sets another number of cases.
 */
import { test } from 'node:test';
import { fuzz, numberOfCases, seed } from './fuzz/fuzz';

const cases = numberOfCases(30000);
const fewer = Math.ceil(cases / 5);
const usual = { pause: 8, warmUp: 2000, again: `FUZZ_CASES=${cases} npm run test:long -- fuzz` };

test(`${cases} requests and packets of seed ${seed}, while ten clients talk`, t => {
  const clients = Array.from({ length: 10 }, (_, number) => number < 6 ? 'xhr-polling' : 'realtime.js');
  return fuzz(t, { ...usual, transports: 'xhr-polling', clients, cases });
});

test(`${fewer} more of them, where WebSockets are offered`, t => {
  const clients = Array.from({ length: 10 }, (_, number) => (['xhr-polling', 'websocket', 'realtime.js'] as const)[number % 3]!);
  return fuzz(t, { ...usual, transports: 'websocket,xhr-polling', clients, cases: fewer });
});
