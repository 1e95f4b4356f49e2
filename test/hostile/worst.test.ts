/*
 * A client with bad intent makes the server hold as much as possible. The settings are small. The
 * memory of the process may grow by twice as much as the settings allow, and by 30 MB more, even
 * during the attack. The number of connections has a limit, too. worst.long.test.ts does the same
 * with more, and on an old node.
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
