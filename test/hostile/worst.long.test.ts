/*
 * These tests send several times as much as worst.test.ts, and run on node 12, too: the memory of
 * node 12 grows in another way. WORST=large sends several times as much again, which takes minutes
 * for each case.
 */
import { describe, test } from 'node:test';
import { available, notOnWindows } from '../support/available';
import { oldNode } from '../support/fetched';
import { cases } from './worst/cases';
import { holds } from './worst/holds';

for (const version of [process.versions.node, '12.22.12']) {
  describe(`what is held is what is counted, node ${version}`, notOnWindows('/proc'), () => {
    for (const [name, which] of Object.entries(cases(process.env.WORST === 'large' ? 'large' : 'usual'))) {
      test(name, async t => {
        if (!available(t, '/proc', process.platform === 'linux', false)) return;
        const node = version === process.versions.node ? process.execPath : oldNode(t, version);
        if (node) await holds(t, node, which);
      });
    }
  });
}
