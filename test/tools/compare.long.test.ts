/*
 * Tries each bend of compare.test.ts in a server of its own, with all requests. Some
 * requests are polls that wait.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { table } from '../../tools/compare/report';
import { BENT, compareBent, isFound } from './compare/bends';

for (const bend of Object.values(BENT).flat()) {
  test(bend.name, async t => {
    const results = await compareBent(t, [bend]);
    assert(isFound(bend, results), table(results));
  });
}

test('two that are the same', async t => {
  const results = await compareBent(t, []);
  assert.deepEqual(results.filter(one => one.differences.length > 0), [], table(results));
});
