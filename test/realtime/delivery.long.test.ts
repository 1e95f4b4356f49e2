/* The cases of delivery.test.ts, with more clients, with more faults, and for longer. */
import { describe, test } from 'node:test';
import { notOnWindows } from '../support/available';
import { asleep, cut, found, replaced } from './delivery/cases';
import { restarts } from './delivery/page';
import { takesLess } from '../support/wait';

describe('messages arrive', { concurrency: 3 }, () => {
  test('100 clients; three overlapped recycles and two kills in a minute', t => {
    return replaced(t, 100, ['recycle', 'kill', 'recycle', 'kill', 'recycle'], 7000);
  });

  test('a client sleeps for a minute, and the server sends on', notOnWindows('SIGSTOP'), t => asleep(t, 61, ''));

  describe('one after the other', { concurrency: 1 }, () => {
    test('100 clients; connections are cut at random', t => cut(t, 100, 50));

    test('from a recycle to the first message that the new process takes from 0.9\'s own client', async t => {
      await takesLess(5000, async () => {
        const times = await found(t, 7);
        const median = times.slice().sort((one, other) => one - other)[3]!;
        t.diagnostic(`0.9's own client: the new process answers its first message ${median} ms after the recycle (median of ${times.join(', ')})`);
        return median;
      });
    });

    test('chromium: the server is killed and started again while someone types, twice, and every line arrives', t => restarts(t, 2));
  });
});
