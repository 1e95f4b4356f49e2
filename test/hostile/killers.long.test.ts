/*
 * The attacks of killers.test.ts do harm to stock Socket.IO 0.9. Stock 0.9 is Socket.IO 0.9 without
 * changes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { until } from '../support/wait';
import { Attacker } from './killers/attacker';
import type { Case } from './killers/case';
import { check, groups } from './killers/groups';
import { answers, ended, shared, startStock, Target } from './killers/servers';

/** This time without an answer, in ms, counts as silence. Stock 0.9 never answers some requests. */
const PATIENCE = 3000;

/** Runs an attack. @returns its outcome, or its error: an attack fails where its target fails */
const attack = (one: Case, target: Target) => one.attack(new Attacker(target.port, PATIENCE)).catch((error: unknown) => error);

async function killsStock(stock: Target, one: Case): Promise<void> {
  void attack(one, stock);
  if (one.stock === 'hangs') {
    await until(async () => !await answers(stock.port, '/', PATIENCE), 'it to hang', 60);
    assert(!ended(stock), stock.output());
  } else if ('dies' in one.stock) {
    await until(() => ended(stock), 'it to die', 60);
    assert.match(stock.output(), one.stock.dies);
  }
}

describe('what kills, blocks or deceives Socket.IO 0.9', { concurrency: 3 }, () => {
  for (const [group, cases] of Object.entries(groups)) {
    test(group, async t => {
      const stock = shared(t, startStock);
      for (const one of cases) {
        await t.test(one.name, async t => {
          if (one.stock === 'hangs' || 'dies' in one.stock) return killsStock(await startStock(t, one), one);
          const { gives } = one.stock;
          return stock(one, async target => check(await attack(one, target), gives));
        });
      }
    });
  }
});
