/*
 * Several processes of one server that share their clients by Redis: a real redis-server, the
 * stand-in for IIS, public/realtime.js. What clients are told is counted: each message once, in
 * order, whatever becomes of the processes. cluster.long.test.ts has more of each, and longer.
 */
import { test } from 'node:test';
import { killsAndRecycle } from './cases';

test('2 processes of one server, 4 clients, Redis up to 20 ms away: one is killed, all are recycled', t => {
  return killsAndRecycle(t, { processes: 2, clients: 4, away: 20, pause: 1000 });
});
