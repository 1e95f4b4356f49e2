/*
 * What a client with bad intent can make the server hold, with small settings: the memory of the process
 * grows by twice what the settings allow and 30 MB at most, also while the attack lasts, and connections
 * are bounded. worst.long.test.ts does the same with more, and on an old node.
 */
import { describe, test } from 'node:test';
import { available, notOnWindows } from '../support/available';
import { cases } from './worst/cases';
import { holds } from './worst/holds';

describe('what is held is what is counted', notOnWindows('/proc'), () => {
  for (const [name, which] of Object.entries(cases('small'))) {
    test(name, async t => {
      if (!available(t, '/proc', process.platform === 'linux', false)) return;
      await holds(t, process.execPath, which);
    });
  }
});
