/* All attacks in groups, and the check of their outcomes. */
import assert from 'node:assert/strict';
import { blocking, deadly } from './deadly';
import { websocket } from './websocket';
import { wrong } from './wrong';

export const groups = { deadly, blocking, wrong, websocket };

/**
 * Compares the outcome of an attack with the expected one. The expected one may be a RegExp, or a
 * list with a RegExp in it.
 */
export function check(actual: unknown, expected: unknown): void {
  if (expected instanceof RegExp) assert.match(String(actual), expected);
  else if (Array.isArray(expected) && expected.some(one => one instanceof RegExp)) {
    assert.equal((actual as unknown[]).length, expected.length);
    expected.forEach((one, i) => check((actual as unknown[])[i], one));
  } else assert.deepEqual(actual, expected);
}
