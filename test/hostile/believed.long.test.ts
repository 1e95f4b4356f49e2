/*
 * These tests run the checks of believed.test.ts on the old versions of node that the server runs
 * on. Each version reads headers in its own way.
 */
import { test } from 'node:test';
import { oldNode } from '../support/fetched';
import { cannotBeOthers, VISITORS } from './believed/visitors';

for (const version of ['10.24.1', '12.22.12', '13.14.0']) {
  test(`behind IIS, node ${version}: nobody can be another, nor elsewhere`, async t => {
    const node = oldNode(t, version);
    if (node) await cannotBeOthers(t, node, VISITORS);
  });
}
