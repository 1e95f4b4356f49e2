/* The search of cost.test.ts from more seeds, and for longer. SEED takes another one to begin with. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeter } from './cost/meter';
import { describeFound, largest, search } from './cost/search';

const FIRST = Number(process.env.SEED ?? 2);
const SEEDS = 6;

describe('what a request costs is in proportion to its bytes, searched for longer', () => {
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
