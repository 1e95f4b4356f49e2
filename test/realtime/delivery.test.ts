/*
 * What becomes of messages while connections break and processes come and go: public/realtime.js, the server as it is built, and the
 * stand-in for IIS between them. Each case counts what was lost, doubled and out of order, each way, and prints it.
 */
import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCutter } from './delivery/cutter';
import { count, Counts, serveNumbers, startClients, table } from './delivery/load';
import { notOnWindows } from '../support/available';
import { ask, connect, next } from '../support/client';
import { until } from '../support/wait';
import { offline, restarts } from './delivery/page';

const NONE = { lost: 0, doubled: 0, outOfOrder: 0 };
const broken = ({ lost, doubled, outOfOrder }: Counts['up'] | Counts['down']) => ({ lost, doubled, outOfOrder });

/** A file of the server changes: the process is replaced at the next request. */
function touch(folder: string, seconds: number): void {
  utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date(Date.now() + seconds * 1000));
}

describe('messages arrive', { concurrency: 4 }, () => {
  test('100 clients, 10 messages a second each way; three overlapped recycles and two kills in 60 s', async t => {
    const { port, folder, pids } = await serveNumbers(t);
    const clients = await startClients(t, port, 100);
    for (const [i, what] of ['recycle', 'kill', 'recycle', 'kill', 'recycle'].entries()) {
      await sleep(10000);
      if (what === 'recycle') touch(folder, i + 1);
      else process.kill(pids()[0]!, 'SIGKILL'); // the newest: one that was replaced may still answer its polls
    }
    await sleep(10000);
    const counts = count(folder, await clients.finish());
    table('3 recycles, 2 kills', counts).forEach(line => t.diagnostic(line));
    // To the server at least once, and no process handles one twice. What a new one is sent again, the last may have handled.
    assert.deepEqual({ ...broken(counts.up), doubled: counts.up.doubledWithin }, NONE);
    // To the client: all of what a session brings, up to its last; the last session goes on, and brings all.
    assert.deepEqual(broken(counts.down), NONE);
    assert.deepEqual(counts.wrong, [], 'recovered is false where the session is another one, and only there');
    assert.equal(counts.processes, 6);
    assert(counts.sessions > 400, String(counts.sessions)); // most of the 100 clients have been at each
  });

  test('a client sleeps for a minute, and the server sends on', notOnWindows('SIGSTOP'), async t => {
    const { port, folder } = await serveNumbers(t);
    const clients = await startClients(t, port, 5);
    await sleep(1000);
    process.kill(clients.pid, 'SIGSTOP');
    await sleep(61000);
    process.kill(clients.pid, 'SIGCONT');
    await sleep(2000);
    const counts = count(folder, await clients.finish());
    table('5 clients sleep for 61 s', counts).forEach(line => t.diagnostic(line));
    assert.deepEqual([broken(counts.up), broken(counts.down), counts.wrong], [NONE, NONE, []]);
    assert.equal(counts.sessions, 5);
    assert(counts.down.sent > 5 * 500, String(counts.down.sent));
  });

  describe('one after the other', { concurrency: 1 }, () => {
    test('100 clients, 10 messages a second each way; connections are cut at random, about one a second for each client', async t => {
      const { port, folder } = await serveNumbers(t);
      const cutter = await startCutter(t, port);
      // From the start: handshakes and first polls are among what is cut.
      cutter.cut(30);
      const clients = await startClients(t, cutter.port, 100);
      cutter.cut(100);
      await sleep(20000);
      cutter.cut(0);
      const counts = count(folder, await clients.finish());
      table(`cut ${JSON.stringify(cutter.counts)}`, counts).forEach(line => t.diagnostic(line));
      assert.deepEqual(broken(counts.up), NONE);
      assert.deepEqual(broken(counts.down), NONE);
      assert.deepEqual(counts.wrong, []);
      // The process lives, and so does each session.
      assert.equal(counts.sessions, 100);
      assert.equal(counts.down.gone, 0);
      const { poll, post, handshake, late } = cutter.counts;
      assert(Math.min(poll, post, handshake, late) >= 50, 'polls, posts and handshakes have been cut');
      assert(counts.recovered > 100, String(counts.recovered));
    });

    test('from a recycle to the first message that the new process takes from 0.9\'s own client', async t => {
      const { origin, folder } = await serveNumbers(t);
      const times: number[] = [];
      for (let round = 1; round <= 7; round++) {
        const client = connect(t, origin, { reconnect: true });
        await next(client, 'connect');
        const [before] = await ask(client, 'who') as [number];
        await sleep(500);
        touch(folder, round);
        const start = Date.now();
        let took = 0;
        // Someone who types: 0.9 finds the new process with the next message, which is lost, and keeps those that it has no connection for.
        const typing = setInterval(() => client.emit('who', (pid: number) => { if (pid !== before) took ||= Date.now() - start; }), 50);
        await until(() => took, 'the new process').finally(() => clearInterval(typing));
        times.push(took);
        client.socket.disconnect();
      }
      const median = times.slice().sort((one, other) => one - other)[3]!;
      t.diagnostic(`0.9's own client: the new process answers its first message ${median} ms after the recycle (median of ${times.join(', ')})`);
      assert(median < 5000);
    });
  });

  describe('one after the other', { concurrency: 1 }, () => {
    test('chromium: the server is killed and started again while someone types, twice, and every line arrives', restarts);
    test('chromium: the network goes away while someone types, and every line arrives', offline);
  });
});
