/*
 * The server does not know the session of an unchanged client of 0.9. The client comes back with a
 * new session, and its application is told. The client in a page is of the last version. In node it
 * is one before 0.9.7, which makes its handshakes in another way. versions.long.test.ts has all
 * versions.
 */
import { describe, test } from 'node:test';
import { inNode, inPages } from './versions/clients';

describe('a client whose session is gone', { concurrency: true }, () => {
  test('in a page', t => inPages(t, ['0.9.17']));
  test('in node', t => inNode(t, ['0.9.1']));
});
