/* Searches the model of model.test.ts with larger budgets: more faults and messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cases, compare } from './model/script';
import type { Budget } from './model/world';

const SEARCHES: Partial<Budget>[] = [
  { messages: 1, moves: 1, timers: 1 },
  { messages: 2, moves: 1 },
  { messages: 2, empties: 1 },
  { messages: 2, olders: 1 },
  { messages: 1, empties: 1, olders: 1 },
  { messages: 1, moves: 1, kills: 1, cuts: 1 },
  { messages: 1, timers: 1, olders: 1, cuts: 1 },
  { messages: 1, timers: 1, empties: 1, cuts: 1 },
  { messages: 2, moves: 1, kills: 1 },
  { messages: 2, cuts: 1, empties: 1 },
  { messages: 2, cuts: 1, olders: 1 },
  { messages: 1, timers: 1, kills: 1, cuts: 1 },
  { messages: 1, timers: 1, moves: 1, kills: 1 },
];

const met = new Cases();
for (const budget of SEARCHES) {
  test(`no message is lost, doubled or out of order: ${JSON.stringify(budget)}`, () => {
    const { states, violation } = met.search(budget);
    assert.equal(violation, null);
    assert(states > 10000, `${states} states`);
  });
}

test('commit.lua in Redis does the same as its model, for each different commit of these searches', t => {
  for (const budget of SEARCHES) met.search(budget);
  // There were some 5,900 commits when this test was written. Many of the 890,000 states have the
  // same commit and the same data.
  assert(met.all.length >= 5000, `${met.all.length} commits`);
  return compare(t, met.all);
});
