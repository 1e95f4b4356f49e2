/*
 * Messages while connections break, and while processes end and start. The stand-in for IIS is
 * between public/realtime.js and the built server. Each case counts the messages that were lost,
 * doubled or out of order, in each direction, and prints the counts. delivery.long.test.ts does the
 * same with up to 100 clients, and for longer.
 */
import { describe, test } from 'node:test';
import { notOnWindows } from '../support/available';
import { asleep, cut, found, replaced } from './delivery/cases';
import { offline, restarts } from './delivery/page';

describe('messages arrive', { concurrency: true }, () => {
  test('6 clients; an overlapped recycle and a kill', t => replaced(t, 6, ['recycle', 'kill'], 500));

  // The client sleeps longer than an unused connection lives, and longer than a poll is held.
  test('a client sleeps, and the server sends on', notOnWindows('SIGSTOP'), t => {
    return asleep(t, 12, '<add key="SESSION_TIMEOUT" value="30" />');
  });

  test('6 clients; connections are cut at random', t => cut(t, 6, 2));

  test('0.9\'s own client finds the process that a recycle has started', async t => {
    await found(t, 1);
  });

  test('chromium: the server is killed and started again while someone types, and every line arrives', t => restarts(t, 1));

  test('chromium: the network goes away while someone types, and every line arrives', offline);
});
