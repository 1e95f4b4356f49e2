/* All that is tried, and how its outcome is looked at. */
import assert from 'node:assert/strict';
import { blocking, deadly } from './deadly';
import { websocket } from './websocket';
import { wrong } from './wrong';

export const groups = { deadly, blocking, wrong, websocket };

/** Holds the outcome of an attack against one that is expected, which may be a RegExp, or have some in it. */
export function check(actual: unknown, expected: unknown): void {
  if (expected instanceof RegExp) assert.match(String(actual), expected);
  else if (Array.isArray(expected) && expected.some(one => one instanceof RegExp)) {
    assert.equal((actual as unknown[]).length, expected.length);
    expected.forEach((one, i) => check((actual as unknown[])[i], one));
  } else assert.deepEqual(actual, expected);
}
