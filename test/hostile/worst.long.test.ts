/*
 * As worst.test.ts, on node 12: it grows otherwise than the node that runs the tests. WORST=large sends
 * five times as much, which takes minutes a case.
 */
import { describe, test } from 'node:test';
import { available, notOnWindows } from '../support/available';
import { oldNode } from '../support/fetched';
import { cases } from './worst/cases';
import { holds } from './worst/holds';

describe('what is held is what is counted, node 12', notOnWindows('/proc'), () => {
  for (const [name, which] of Object.entries(cases(process.env.WORST === 'large'))) {
    test(name, async t => {
      if (!available(t, '/proc', process.platform === 'linux', false)) return;
      const node = oldNode(t, '12.22.12');
      if (node) await holds(t, node, which);
    });
  }
});
