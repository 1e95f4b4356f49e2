/*
 * Several processes of one server share their clients by Redis. The test uses a real redis-server,
 * the stand-in for IIS, and public/realtime.js. Each message has to come once and in order, though
 * processes are killed and recycled. cluster.long.test.ts has more processes and clients, and takes
 * longer.
 */
import { test } from 'node:test';
import { killsAndRecycle } from './cases';

test('2 processes of one server, 4 clients, Redis up to 20 ms away: one is killed, all are recycled', t => {
  return killsAndRecycle(t, { processes: 2, clients: 4, away: 20, pause: 1000 });
});
