/* As worst.test.ts, with four times as much, on node 12 and on the node that runs the tests. */
import { describe, test } from 'node:test';
import { available, notOnWindows } from '../support/available';
import { oldNode } from '../support/fetched';
import { cases } from './worst/cases';
import { holds } from './worst/holds';

const own = process.version.slice(1);

for (const version of ['12.22.12', own]) {
  describe(`what is held is what is counted, node ${version}`, notOnWindows('/proc'), () => {
    for (const [name, which] of Object.entries(cases(true))) {
      test(name, async t => {
        if (!available(t, '/proc', process.platform === 'linux', false)) return;
        const node = version === own ? process.execPath : oldNode(t, version);
        if (node) await holds(t, node, which);
      });
    }
  });
}
