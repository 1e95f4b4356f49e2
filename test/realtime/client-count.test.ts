/*
 * The application hears the number of clients at the right time, if thousands come or go at once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientCount } from '../../src/realtime/io/client-count';
import { until } from '../support/wait';

/** A number of clients that a test changes, and the numbers that the application has heard. */
function begin() {
  const heard: number[] = [];
  let clients = 0;
  const count = new ClientCount(() => clients, number => heard.push(number));
  const change = (by: number) => {
    clients += by;
    count.onChange();
  };
  return { heard, change };
}

test('the number of clients', { concurrency: true }, async t => {
  await Promise.all([
    t.test('of a crowd that comes: the application hears the number when the crowd is over', async () => {
      const { heard, change } = begin();
      for (let part = 0; part < 25; part++) {
        change(1000);
        await sleep(100);
      }
      assert.deepEqual(heard, [1000], 'the first change is told at once');
      await until(() => heard.length === 2, 'the number of the whole crowd', 5);
      assert.deepEqual(heard, [1000, 25000]);
    }),

    t.test('of a crowd without an end: the application hears a number each sixth second', async () => {
      const { heard, change } = begin();
      const start = performance.now();
      while (heard.length < 2) {
        change(1000);
        await sleep(100);
      }
      const seconds = (performance.now() - start) / 1000;
      assert(seconds >= 5.9, `${seconds} s`);
    }),

    t.test('of a few clients that come: the application hears the number after a second', async () => {
      const { heard, change } = begin();
      change(1);
      change(1000);
      assert.deepEqual(heard, [1], 'the first change is told at once');
      await until(() => heard.length === 2, 'the second change', 2);
      assert.deepEqual(heard, [1, 1001]);
    }),
  ]);
});
