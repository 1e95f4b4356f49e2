/*
 * If there are too many unused handshakes, one has to go. The test compares the choice of
 * src/realtime/session/unused.ts with a plain search.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Unused } from '../../src/realtime/session/unused';
import { Random } from '../support/random';

interface One { address: string }

/** @returns the handshakes that may go: the oldest of each address that has the most handshakes */
function candidates(all: Set<One>): One[] {
  const oldest = new Map<string, One>();
  const count = new Map<string, number>();
  for (const one of all) {
    if (!oldest.has(one.address)) oldest.set(one.address, one);
    count.set(one.address, (count.get(one.address) ?? 0) + 1);
  }
  const most = Math.max(0, ...count.values());
  return [...oldest.values()].filter(({ address }) => count.get(address) === most);
}

test('the oldest handshake of the address that has most goes, whatever came and went before', () => {
  const random = new Random(1, 0);
  const unused = new Unused<One>();
  const all = new Set<One>();
  for (let step = 0; step < 20000; step++) {
    if (all.size === 0 || random.chance(0.52)) {
      const one = { address: String(random.below(6)) };
      unused.add(one, one.address);
      all.add(one);
    } else {
      const one = random.chance(0.5) ? unused.oldestOfBusiest()! : random.pick([...all]);
      unused.delete(one);
      unused.delete(one);
      all.delete(one);
    }
    assert.equal(unused.size, all.size);
    const found = unused.oldestOfBusiest();
    if (all.size === 0) assert.equal(found, undefined);
    else assert(candidates(all).includes(found!), `step ${step}`);
  }
});
