/* Compares commit.lua in a real Redis with the same script in TypeScript (redis.ts). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import {
  commitScript, Commit, encode, Keys, readAnswer, Row,
} from '../../../src/realtime/cluster/commit';
import { startRedis } from '../../support/redis';
import { ALL, commit, Data, Reply } from './redis';
import { Found, search } from './search';
import type { Budget, World } from './world';

/** The data in Redis, and a commit that Redis receives. */
export interface Case { data: Data; commit: Commit }

/** Collects each different commit that the searches meet, with the data in Redis at that moment. */
export class Cases {
  readonly all: Case[] = [];
  private readonly keys = new Set<string>();
  private readonly searched = new Map<string, Found>();

  /**
   * Searches the states of a budget with all rules. If this budget was searched before, returns the
   * earlier result.
   */
  search(budget: Partial<Budget>): Found {
    const name = JSON.stringify(budget);
    const found = this.searched.get(name) ?? search(budget, ALL, this.see);
    this.searched.set(name, found);
    return found;
  }

  /** Collects the commits of one state. */
  private readonly see = ({ data, processes, late }: World): boolean => {
    const commits = processes.flatMap(({ underWay }) => underWay ? [underWay.commit] : []);
    for (const one of [...commits, ...late]) {
      const key = createHash('md5').update(JSON.stringify([data, one])).digest('base64');
      if (this.keys.has(key)) continue;
      this.keys.add(key);
      this.all.push({ data, commit: one });
    }
    return false;
  };

  /** @returns `count` different cases, taken evenly from the searches */
  take(count: number): Case[] {
    const { all } = this;
    assert(all.length >= count, `the searches have met ${all.length} different cases`);
    return Array.from({ length: count }, (_, i) => all[Math.floor(i * all.length / count)]!);
  }
}

/**
 * Checks for each case that the script answers and writes the same as the model. Without
 * redis-server, the test fails in CI, and is skipped elsewhere.
 */
export async function compare(t: TestContext, cases: Case[]): Promise<void> {
  const redis = await startRedis(t);
  if (!redis) return;
  const { call, close } = redis.connect();
  t.after(close);
  // All cases can run at the same time, because each case has keys of its own.
  await Promise.all(cases.map(async ({ data, commit: one }, i) => {
    const names = new Keys(String(i));
    await fill(call, names, data);
    const { keys, args } = encode(one, names, 1000);
    const reply = await call('eval', commitScript().text, keys.length, ...keys, ...args);
    const expected = commit(data, one);
    assert.deepEqual(shorten(readAnswer(reply)), expected.reply, JSON.stringify([data, one]));
    assert.deepEqual(await contents(call, names, data, one), tidy(expected.data));
  }));
}

type Call = (name: string, ...args: (string | number)[]) => Promise<unknown>;

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

/**
 * Removes buses without entries, and parses the entries: Redis and the model may write the names in
 * the JSON of an entry in different orders.
 */
function tidy({ procs, rows, bus }: Data): unknown {
  const full = Object.entries(bus).filter(([, entries]) => entries.length > 0)
    .map(([epoch, entries]) => [epoch, entries.map(text => JSON.parse(text) as unknown)]);
  return { procs: { ...procs }, rows: { ...rows }, bus: Object.fromEntries(full) as unknown };
}

function shorten(answer: ReturnType<typeof readAnswer>): Reply {
  if (answer.lost) return { lost: true, epoch: answer.epoch };
  return { lost: false, outcome: answer.outcome, rows: answer.rows.map(row => ({ ...row })) };
}
