/* The work for requests that wait grows no faster than their number. It is counted, not timed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Moves, Moving } from '../../src/realtime/cluster/moves';

/** A map that counts the calls of get(). */
class Counted extends Map<string, Promise<void>> {
  asked = 0;

  override get(key: string): Promise<void> | undefined {
    this.asked += 1;
    return super.get(key);
  }
}

/**
 * Makes several requests for one session that does not exist.
 * @returns how often they look for other requests that wait, how often they ask Redis, and how many
 * of them ask at once
 */
async function fetchUnknown(requests: number): Promise<{ looks: number; asked: number; most: number }> {
  let asked = 0;
  let under = 0;
  let most = 0;
  // This process has no session, and Redis has none either.
  const take = async () => {
    asked += 1;
    under += 1;
    most = Math.max(most, under);
    await new Promise(setImmediate);
    under -= 1;
    return 'none';
  };
  const cluster = { manager: { sessions: new Map() }, up: true, journal: { take } };
  const moves = new Moves(cluster as unknown as Moving);
  const fetching = new Counted();
  Object.assign(moves, { fetching });
  await Promise.all(Array.from({ length: requests }, (_, i) => moves.fetch('x'.repeat(20), { handshakeNumber: i, got: 0 })));
  assert.equal(fetching.size, 0, 'nothing is kept of them');
  return { looks: fetching.asked, asked, most };
}

test('requests for one session that there is not: each waits for the one before it', async () => {
  const one = await fetchUnknown(100);
  const twice = await fetchUnknown(200);
  assert.deepEqual([one.asked, twice.asked], [100, 200]);
  assert.deepEqual([one.most, twice.most], [1, 1], 'one at a time, as one may take it from the other');
  assert(twice.looks <= 3 * one.looks, `${one.looks} looks for 100 requests, ${twice.looks} for 200`);
});
