/*
 * Searches a model of the protocol between processes (model/world.ts): every order of the steps of
 * two processes, one session and Redis. At each step, a process may be killed, a connection may be
 * cut, or Redis may be restarted. The last tests check that commit.lua in a real Redis does the
 * same as its copy in the model.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Commit } from '../../src/realtime/cluster/commit';
import { ALL, commit, Data, Rules } from './model/redis';
import { Cases, compare } from './model/script';
import { search } from './model/search';
import type { Budget } from './model/world';

/**
 * The budget of each search, and the least number of states that the search has to visit. A search
 * that visits fewer states leaves out orders of steps.
 */
const SEARCHES: [budget: Partial<Budget>, states: number][] = [
  [{ messages: 1, moves: 1, kills: 1 }, 2000],
  [{ messages: 1, moves: 1, cuts: 1 }, 1500],
  [{ timers: 1, moves: 1 }, 150],
  [{ messages: 1, olders: 1 }, 500],
  [{ messages: 1, empties: 1, cuts: 1 }, 2000],
  [{ timers: 1, moves: 1, olders: 1 }, 250],
  // With a message in the place of the timer, these are 64,000 states (model.long.test.ts).
  [{ timers: 1, empties: 1, olders: 1 }, 7500],
];

const met = new Cases();
for (const [budget, least] of SEARCHES) {
  test(`no message is lost, doubled or out of order: ${name(budget)}`, () => {
    const { states, violation } = met.search(budget);
    assert.equal(violation, null);
    assert(states >= least, `${states} states`);
  });
}

/** Rules of the protocol, each with a search that finds a violation if the rule is switched off. */
const WITHOUT: [rule: keyof Rules, budget: Partial<Budget>][] = [
  ['fence', { messages: 1, moves: 1, cuts: 1 }],
  ['moved', { messages: 1, moves: 1, cuts: 1 }],
  ['skip', { messages: 1, moves: 1, cuts: 1 }],
  ['next', { messages: 2, olders: 1 }],
  ['left', { messages: 1, empties: 1, olders: 1 }],
  ['old', { timers: 1, moves: 1, olders: 1 }],
];
for (const [rule, budget] of WITHOUT) {
  test(`the search finds a violation without the rule: ${rule}`, () => {
    assert.notEqual(search(budget, { ...ALL, [rule]: false }).violation, null);
  });
}

test('commit.lua in Redis does the same as its model, for 250 different commits of these searches', t => {
  for (const [budget] of SEARCHES) met.search(budget);
  return compare(t, met.take(250));
});

const ROW = { owner: 'p0', term: '1', epoch: 'e0', try: '' };
const TAKE: Commit = {
  process: 'p0', epoch: 'e0', number: 1, fresh: 'e1', curious: false, readByAll: 0,
  says: { beats: 1, clients: 0, read: 0, lastEntry: 0 }, entries: [], writes: [],
  takes: [{ id: 'S', handshakeNumber: null }],
};

test('a commit that ends a session does not take the same session over', t => {
  const data: Data = { procs: { epoch: 'e0', tail: '0' }, rows: { S: ROW }, bus: {} };
  const one: Commit = { ...TAKE, writes: [{ id: 'S', how: 'gone', term: 1, fields: [], gone: [] }] };
  const expected = { lost: false, outcome: ['w', 'n'], rows: [] };
  assert.deepEqual(commit(data, one).reply, expected);
  return compare(t, [{ data, commit: one }]);
});

test('no process takes over a row that is not settled', async t => {
  const outcomes = { 1: 'o', '': 't' };
  const cases = Object.entries(outcomes).map(([unsettled, letter]) => {
    const row = { ...ROW, unsettled };
    const data: Data = { procs: { epoch: 'e0', tail: '0' }, rows: { S: row }, bus: {} };
    const one: Commit = { ...TAKE, process: 'p1' };
    const { reply } = commit(data, one);
    assert(!reply.lost && reply.outcome[0] === letter);
    return { data, commit: one };
  });
  await compare(t, cases);
});

function name(budget: Partial<Budget>): string {
  return Object.entries(budget).map(([what, count]) => `${count} ${what}`).join(', ');
}
