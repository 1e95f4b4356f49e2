/*
 * A search looks for the requests that cost most. The limit of cost.test.ts holds for them, too.
 * SEED sets the first seed.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeter } from './cost/meter';
import { describeFound, largest, search } from './cost/search';

const FIRST = Number(process.env.SEED ?? 1);
const SEEDS = 7;

describe('what a request costs is in proportion to its bytes', () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    test(`seed ${seed}`, async t => {
      const meter = createMeter(t);
      const found = await search(meter, seed, 60);
      for (const { recipe } of found.slice(0, 8)) {
        const cost = await meter.measure(recipe, largest(recipe), 12, ({ share }) => share <= 0.5);
        t.diagnostic(describeFound({ recipe, cost }));
        assert(cost.share <= 1, describeFound({ recipe, cost }));
      }
    });
  }
});
