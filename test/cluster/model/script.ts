/* Compares commit.lua in a real Redis with the same script in TypeScript (redis.ts). */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  commitScript, Commit, encode, Keys, readAnswer, Row,
} from '../../../src/realtime/cluster/commit';
import { startRedis } from '../../support/redis';
import { commit, Data, Reply } from './redis';
import type { World } from './world';

/** The data in Redis, and a commit that Redis receives. */
export interface Case { data: Data; commit: Commit }

/** Collects each commit that a search meets, and the data in Redis at that moment. */
export class Cases {
  private readonly differing: Case[] = [];
  /** Cases with the same data and the same commit as an earlier case. */
  private readonly alike: Case[] = [];
  private readonly keys = new Set<string>();

  /** Collects the commits of one state; `search` calls this with each state. */
  readonly see = ({ data, processes, late }: World): boolean => {
    const commits = processes.flatMap(({ underWay }) => underWay ? [underWay.commit] : []);
    for (const one of [...commits, ...late]) {
      const key = JSON.stringify([data, one]);
      (this.keys.has(key) ? this.alike : this.differing).push({ data, commit: one });
      this.keys.add(key);
    }
    return false;
  };

  /**
   * @returns `count` cases, taken evenly from the whole search. Repeated cases are taken only if
   * the search has met too few different ones
   */
  take(count: number): Case[] {
    const { differing, alike } = this;
    const some = (list: Case[], of: number) => {
      return Array.from({ length: of }, (_, i) => list[Math.floor(i * list.length / of)]!);
    };
    if (differing.length >= count) return some(differing, count);
    return [...differing, ...some(alike, count - differing.length)];
  }
}

/**
 * Checks for each case that the script answers and writes the same as the model. The test is
 * skipped without redis-server.
 */
export async function compare(t: TestContext, cases: Case[]): Promise<void> {
  const redis = await startRedis(t);
  if (!redis) return;
  const { call, close } = redis.connect();
  t.after(close);
  // All cases run at the same time: each case has keys of its own.
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
