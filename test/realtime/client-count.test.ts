/*
 * The application hears the number of clients at the right time, if thousands come or go at once.
 */
import assert from 'node:assert/strict';
import { describe, test, TestContext } from 'node:test';
import { ClientCount } from '../../src/realtime/io/client-count';

/**
 * A number of clients that a test changes, and the numbers that the application has heard. The time
 * passes only when the test says so.
 */
function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const heard: number[] = [];
  let clients = 0;
  const count = new ClientCount(() => clients, number => heard.push(number));
  const change = (by: number) => {
    clients += by;
    count.onChange();
  };
  // Each tick is 1 ms: a timer that is made during a longer tick would count from the end of the tick.
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i++) t.mock.timers.tick(1);
  };
  return { heard, change, pass };
}

// These tests run one after the other, because all tests of a process have the same timers.
describe('the number of clients', () => {
  test('of a crowd that comes: the application hears the number when the crowd is over', t => {
    const { heard, change, pass } = begin(t);
    for (let part = 0; part < 25; part++) {
      change(1000);
      pass(100);
    }
    assert.deepEqual(heard, [1000], 'the first change is told at once');
    // The last part came after 2.4 s. The first whole second without a crowd ends after 4 s.
    pass(1499);
    assert.deepEqual(heard, [1000]);
    pass(1);
    assert.deepEqual(heard, [1000, 25000]);
  });

  test('of a crowd without an end: the application hears a number each sixth second', t => {
    const { heard, change, pass } = begin(t);
    const times: number[] = [];
    for (let time = 0; time <= 12000; time += 100) {
      change(1000);
      while (times.length < heard.length) times.push(time);
      pass(100);
    }
    assert.deepEqual(times, [0, 6000, 12000]);
  });

  test('of a few clients that come: the application hears the number after a second', t => {
    const { heard, change, pass } = begin(t);
    change(1);
    change(1000);
    assert.deepEqual(heard, [1], 'the first change is told at once');
    pass(999);
    assert.deepEqual(heard, [1]);
    pass(1);
    assert.deepEqual(heard, [1, 1001]);
  });
});
