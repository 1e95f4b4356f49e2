/* Several processes again: with more clients, and a Redis that is farther away. */
import { test } from 'node:test';
import { killsAndRecycle, withoutStickiness } from './cases';

for (const most of [0, 50]) {
  test(`4 processes of one server, 40 clients, Redis up to ${most} ms away: two are killed, all are recycled`, t => killsAndRecycle(t, 40, most));
}

test('4 processes, 10 clients, Redis up to 100 ms away, and nothing that keeps a client with one', t => withoutStickiness(t, 4, 10, 100));
