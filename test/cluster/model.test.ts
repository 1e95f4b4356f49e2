/*
 * The protocol between processes, as a model that is searched whole: every order of the steps of two
 * processes, one session and a Redis that may be restarted, with a kill, a cut or a restart at each
 * step (model/world.ts). The script in a real Redis does what the model takes it to do.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Commit } from '../../src/realtime/cluster/commit';
import { ALL, commit, Data, Rules } from './model/redis';
import { Cases, compare } from './model/script';
import { search } from './model/search';
import type { Budget } from './model/world';

/** What may happen, and how many states there are at least: a search that sees less is broken. */
const SEARCHES: [budget: Partial<Budget>, states: number][] = [
  [{ messages: 1, moves: 1, kills: 1 }, 2000],
  [{ messages: 1, moves: 1, cuts: 1 }, 1500],
  [{ timers: 1, moves: 1 }, 150],
  [{ messages: 1, olders: 1 }, 500],
  [{ messages: 1, empties: 1, cuts: 1 }, 2000],
];

const met = new Cases();
for (const [budget, least] of SEARCHES) {
  test(`nothing is lost, doubled or in another order: ${name(budget)}`, () => {
    const { states, violation } = search(budget, ALL, met.see);
    assert.equal(violation, null);
    assert(states >= least, `${states} states`);
  });
}

/** Without one of its rules the protocol loses or doubles something. */
const WITHOUT: [rule: keyof Rules, budget: Partial<Budget>][] = [
  ['fence', { messages: 1, moves: 1, cuts: 1 }],
  ['moved', { messages: 1, moves: 1, cuts: 1 }],
  ['skip', { messages: 1, moves: 1, cuts: 1 }],
  ['next', { messages: 2, olders: 1 }],
];
for (const [rule, budget] of WITHOUT) {
  test(`the search finds what the rule is for: ${rule}`, () => {
    assert.notEqual(search(budget, { ...ALL, [rule]: false }).violation, null);
  });
}

test('the script in Redis does what the model does, for 300 states of these searches', t => {
  return compare(t, met.take(300));
});

test('a session that ends with a commit is not taken over by it as well', t => {
  const row = { owner: 'p0', term: '1', epoch: 'e0', try: '' };
  const data: Data = { procs: { epoch: 'e0', tail: '0' }, rows: { S: row }, bus: {} };
  const one: Commit = {
    process: 'p0', epoch: 'e0', number: 1, fresh: 'e1', curious: false, readByAll: 0,
    says: { beats: 1, clients: 0, read: 0, lastEntry: 0 }, entries: [],
    writes: [{ id: 'S', how: 'gone', term: 1, fields: [], gone: [] }],
    takes: [{ id: 'S', handshakeNumber: null }],
  };
  const expected = { lost: false, outcome: ['w', 'n'], rows: [] };
  assert.deepEqual(commit(data, one).reply, expected);
  return compare(t, [{ data, commit: one }]);
});

function name(budget: Partial<Budget>): string {
  return Object.entries(budget).map(([what, count]) => `${count} ${what}`).join(', ');
}
