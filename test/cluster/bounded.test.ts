/*
 * Tests how many entries are kept at most. While Redis is gone, a process keeps entries
 * (cluster/unread.ts). While a process does not read, the bus in Redis keeps entries (commit.lua).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Commit, commitScript, encode, Keys, readAnswer } from '../../src/realtime/cluster/commit';
import { UnreadEntries } from '../../src/realtime/cluster/unread';
import { startRedis } from '../support/redis';

const numberOf = (text: string) => (JSON.parse(text) as { number: number }).number;

test('while Redis is gone a process keeps the newest 10,000 messages for all, and counts the others', () => {
  const unread = new UnreadEntries('p');
  for (let i = 0; i < 10020; i++) unread.add({ room: 'r', packets: ['x'] }, '', false);
  assert.equal(unread.lost, 20);
  const taken = unread.take();
  assert.equal(taken.length, 10000);
  assert.deepEqual([numberOf(taken[0]!.text), numberOf(taken.at(-1)!.text)], [21, 10020]);
});

test('and 50 million characters of them', () => {
  const unread = new UnreadEntries('p');
  const packets = ['x'.repeat(5e6)];
  for (let i = 0; i < 12; i++) unread.add({ room: 'r', packets }, '', false);
  const taken = unread.take();
  const size = taken.reduce((sum, { text }) => sum + text.length, 0);
  assert(size <= 5e7 && size > 4e7, String(size));
  assert.equal(unread.lost, 12 - taken.length);
});

test('what is on the bus is let go first, and while Redis answers nothing that is not is lost', () => {
  const unread = new UnreadEntries('p');
  for (let i = 0; i < 9000; i++) unread.add({ room: 'r', packets: ['x'] }, '', true);
  unread.onPut(unread.take(), new Set());
  for (let i = 0; i < 9000; i++) unread.add({ room: 'r', packets: ['x'] }, '', true);
  assert.deepEqual([unread.lost, unread.take().length], [0, 9000]);
  // Redis has lost data. The process puts the 10,000 entries that it has kept on the bus again.
  unread.putAgain(() => true);
  assert.equal(unread.take().length, 10000);
});

test('the bus keeps what some process has not read, and some more, and never more than its bound', async t => {
  const redis = await startRedis(t);
  if (!redis) return;
  const { call, close } = redis.connect();
  t.after(close);
  const names = new Keys('bounded');
  const KEPT = 200;
  const MOST = 1000;
  const EACH = 100;
  let epoch = '';
  let number = 0;
  /**
   * @param readByAll the position up to which all processes have read the bus
   * @returns the number of entries on the bus after the commit
   */
  async function commit(readByAll: number): Promise<number> {
    const one: Commit = {
      process: 'p', epoch, number: number + 1, fresh: 'e', curious: false, readByAll,
      says: { beats: 1, clients: 0, read: 0, lastEntry: 0 }, writes: [], takes: [],
      entries: Array.from({ length: EACH }, () => ({ cause: -1, text: 'x' })),
    };
    const { keys, args } = encode(one, names, 1000);
    args[7] = KEPT; // the head of commit.lua explains ARGV[8] and ARGV[9]
    args[8] = MOST;
    const answer = readAnswer(await call('eval', commitScript().text, keys.length, ...keys, ...args));
    if (answer.lost) ({ epoch } = answer);
    else number += 1;
    return await call('xlen', names.bus('e')) as number;
  }
  await commit(0); // Redis is empty, and answers with a new epoch
  let length = 0;
  for (let i = 1; i <= 8; i++) assert.equal(length = await commit(0), i * EACH, 'nobody has read them');
  for (let i = 0; i < 10; i++) length = await commit(0);
  // Redis deletes only whole parts of a stream. A part has 100 entries.
  assert(length >= MOST && length <= MOST + 2 * EACH, `${length} entries that nobody has read`);
  const tail = number * EACH;
  length = await commit(tail);
  assert(length >= KEPT && length <= KEPT + 2 * EACH, `${length} entries that all have read`);
});
