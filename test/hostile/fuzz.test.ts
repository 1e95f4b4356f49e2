/*
 * These tests send noise to the server while honest clients talk. fuzz.long.test.ts sends forty
 * times as much. FUZZ_SEED=n sends the cases of an earlier run with that seed again. FUZZ_CASES=n
 * sets another number of cases.
 */
import { describe, test } from 'node:test';
import { fuzz, numberOfCases, seed } from './fuzz/fuzz';

const cases = numberOfCases(750);
const fewer = Math.ceil(cases / 3);
const usual = { pause: 40, warmUp: 200, again: `FUZZ_CASES=${cases} npm test -- fuzz` };

describe(`noise of seed ${seed}`, { concurrency: true }, () => {
  test(`${cases} requests and packets, while three clients talk`, t => {
    return fuzz(t, { ...usual, transports: 'xhr-polling', clients: ['xhr-polling', 'xhr-polling', 'realtime.js'], cases });
  });

  test(`${fewer} of them, where WebSockets are offered`, t => {
    return fuzz(t, { ...usual, transports: 'websocket,xhr-polling', clients: ['xhr-polling', 'websocket', 'realtime.js'], cases: fewer });
  });
});
