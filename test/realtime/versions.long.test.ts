/* The cases of versions.test.ts, with each client of 0.9 that exists. */
import { test } from 'node:test';
import { inNode, inPages, VERSIONS } from './versions/clients';

test('in a page: a client whose session is not known comes back with a new one, and knows that it does', t => inPages(t, VERSIONS));
test('in node: a client whose session is not known comes back with a new one, and knows that it does', t => inNode(t, VERSIONS));
