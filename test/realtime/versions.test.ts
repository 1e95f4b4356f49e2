/*
 * Clients of 0.9, unchanged, whose session is not known come back with a new one, and know that they do: in a page the last one, in
 * node one of before 0.9.7, which shakes hands in another way. versions.long.test.ts does the same with each that there is.
 */
import { describe, test } from 'node:test';
import { inNode, inPages } from './versions/clients';

describe('a client whose session is gone', { concurrency: true }, () => {
  test('in a page', t => inPages(t, ['0.9.17']));
  test('in node', t => inNode(t, ['0.9.1']));
});
