/*
 * The protocol between processes, as a model that is searched whole: every order of the steps of two
 * processes, one session and a Redis that may be restarted, with a kill, a cut or a restart at each
 * step (model/world.ts). The script in a real Redis does what the model takes it to do.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commitScript, Commit, encode, Keys, readAnswer, Row } from '../../src/realtime/cluster/commit';
import { ALL, commit, Data, Reply, Rules } from './model/redis';
import { search } from './model/search';
import type { Budget, World } from './model/world';
import { startRedis } from '../support/redis';

/** What may happen, and how many states there are at least: a search that sees less is broken. */
const SEARCHES: [budget: Partial<Budget>, states: number][] = [
  [{ messages: 1, moves: 1, kills: 1 }, 2000],
  [{ messages: 1, moves: 1, cuts: 1 }, 1500],
  [{ messages: 1, moves: 1, timers: 1 }, 10000],
  [{ messages: 1, olders: 1 }, 500],
  [{ messages: 1, empties: 1, cuts: 1 }, 2000],
];

for (const [budget, least] of SEARCHES) {
  test(`nothing is lost, doubled or in another order: ${name(budget)}`, () => {
    const { states, violation } = search(budget, ALL);
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

test('the script in Redis does what the model does, for 5,000 states of the search', async t => {
  const redis = await startRedis(t);
  if (!redis) return;
  // Those that differ in what the script sees come first.
  const differing: { data: Data; commit: Commit }[] = [];
  const alike: typeof differing = [];
  const seen = new Set<string>();
  const collect = ({ data, processes, late }: World) => {
    const commits = [...processes.flatMap(({ underWay }) => underWay ? [underWay.commit] : []), ...late];
    for (const one of commits) {
      const key = JSON.stringify([data, one]);
      (seen.has(key) ? alike : differing).push({ data, commit: one });
      seen.add(key);
    }
    return false;
  };
  for (const [budget] of SEARCHES) search(budget, ALL, collect);
  const asked = [...differing, ...alike].slice(0, 5000);
  assert.equal(asked.length, 5000);
  const names = asked.map((_one, i) => new Keys(String(i)));
  const client = redis.connect();
  t.after(() => client.close());
  // Many at once: each state has keys of its own.
  await Promise.all(asked.map(async ({ data, commit: one }, i) => {
    await fill(client.call, names[i]!, data);
    const { keys, args } = encode(one, names[i]!, 1000);
    const reply = await client.call('eval', commitScript().text, keys.length, ...keys, ...args);
    const expected = commit(data, one);
    const answer = readAnswer(reply);
    assert.deepEqual(shorten(answer), expected.reply, JSON.stringify([data, one]));
    assert.deepEqual(await contents(client.call, names[i]!, data, one), tidy(expected.data));
  }));
});

test('a session that ends with a commit is not taken over by it as well', async t => {
  const redis = await startRedis(t);
  if (!redis) return;
  const client = redis.connect();
  t.after(() => client.close());
  const names = new Keys('');
  const row = { owner: 'p0', term: '1', epoch: 'e0', try: '' };
  const before: Data = { procs: { epoch: 'e0', tail: '0' }, rows: { S: row }, bus: {} };
  await fill(client.call, names, before);
  const one: Commit = {
    process: 'p0', epoch: 'e0', number: 1, fresh: 'e1', curious: false, busEntries: 10,
    says: { beats: 1, clients: 0, read: 0, lastEntry: 0 }, entries: [],
    writes: [{ id: 'S', how: 'gone', term: 1, fields: [], gone: [] }],
    takes: [{ id: 'S', handshakeNumber: null }],
  };
  const { keys, args } = encode(one, names, 1000);
  const reply = await client.call('eval', commitScript().text, keys.length, ...keys, ...args);
  const expected = commit(before, one);
  assert.deepEqual(shorten(readAnswer(reply)), expected.reply);
  assert.deepEqual(expected.reply, { lost: false, outcome: ['w', 'n'], rows: [] });
  assert.deepEqual(await contents(client.call, names, before, one), tidy(expected.data));
});

type Call = (name: string, ...args: (string | number)[]) => Promise<unknown>;

function name(budget: Partial<Budget>): string {
  return Object.entries(budget).map(([what, count]) => `${count} ${what}`).join(', ');
}

async function fill(call: Call, names: Keys, { procs, rows, bus }: Data): Promise<void> {
  const hash = (key: string, row: Row) => call('hset', key, ...Object.entries(row).flat());
  await Promise.all([
    ...Object.keys(procs).length > 0 ? [hash(names.procs, procs)] : [],
    ...Object.entries(rows).map(([id, row]) => hash(names.session(id), row)),
    ...Object.entries(bus).flatMap(([epoch, entries]) => entries.map((text, i) => {
      return call('xadd', names.bus(epoch), `${i + 1}-0`, 'e', text);
    })),
  ]);
}

async function contents(call: Call, names: Keys, before: Data, one: Commit): Promise<unknown> {
  const hash = async (key: string) => {
    const row = await call('hgetall', key) as Row | null;
    return row && Object.keys(row).length > 0 ? { ...row } : undefined;
  };
  const after: Data = { procs: await hash(names.procs) ?? {}, rows: {}, bus: {} };
  const ids = [...Object.keys(before.rows), ...one.writes.map(({ id }) => id)];
  for (const id of new Set(ids)) {
    const row = await hash(names.session(id));
    if (row) after.rows[id] = row;
  }
  for (const epoch of new Set([...Object.keys(before.bus), one.epoch])) {
    const entries = await call('xrange', names.bus(epoch), '-', '+') as [string, string[]][];
    after.bus[epoch] = entries.map(([, [, text]]) => text!);
  }
  return tidy(after);
}

/** Without what is empty, and entries by what they say: JSON has no order. */
function tidy({ procs, rows, bus }: Data): unknown {
  const full = Object.entries(bus).filter(([, entries]) => entries.length > 0)
    .map(([epoch, entries]) => [epoch, entries.map(text => JSON.parse(text) as unknown)]);
  return { procs: { ...procs }, rows: { ...rows }, bus: Object.fromEntries(full) as unknown };
}

function shorten(answer: ReturnType<typeof readAnswer>): Reply {
  if (answer.lost) return { lost: true, epoch: answer.epoch };
  return { lost: false, outcome: answer.outcome, rows: answer.rows.map(row => ({ ...row })) };
}
