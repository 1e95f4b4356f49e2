/* Messages over WebSockets that are cut, behind the stand-in for IIS 10. */
import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { resource } from '../../support/template';
import { until } from '../../support/wait';
import { heardByAll } from '../delivery/cases';
import { startCutter } from '../delivery/cutter';
import { count, serveNumbers, startClients, table } from '../delivery/load';
import { BOTH } from './places';

const NONE = { lost: 0, doubled: 0, outOfOrder: 0 };

/**
 * Clients send 10 messages a second each way. Meanwhile the process is recycled, and then
 * WebSockets are cut at random. Checks that no message is lost or doubled.
 */
export async function cutOff(t: TestContext, clients: number): Promise<void> {
  const edits = [...BOTH, ['iisnode.yml', 'gracefulShutdownTimeout: 30000', 'gracefulShutdownTimeout: 3000']] as typeof BOTH;
  const { port, origin, folder, trace } = await serveNumbers(t, edits, { iis: '10' });
  const cutter = await startCutter(t, port);
  cutter.cut(clients * 0.3);
  const running = await startClients(t, cutter.port, clients);
  cutter.cut(0);
  // Waits until the clients that were cut last are back. A message to a client that is away would
  // be gone with the process.
  for (let time = 1; time <= 2; time++) await heardByAll(folder, 1, clients, 'from now on');
  // On WebSockets the clients send no requests, so this request replaces the process. The old
  // process keeps its WebSockets for 3 s.
  utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date(Date.now() + 1000));
  await fetch(`${origin}${resource}/`);
  await heardByAll(folder, 2, clients);
  // Cuts until enough WebSockets were cut. On a busy machine this takes longer, because clients
  // come back later.
  const opened = () => trace.filter(line => /\/websocket\/.* 101/.test(line)).length;
  cutter.cut(clients);
  await until(() => opened() > 6 * clients && cutter.counts.websocket > 3 * clients, 'WebSockets to be cut', 120);
  cutter.cut(0);
  const counts = count(folder, await running.finish());
  const upgrades = opened();
  const polls = trace.filter(line => /\/xhr-polling\//.test(line)).length;
  table(`cut ${JSON.stringify(cutter.counts)}, ${upgrades} WebSockets, ${polls} polls and POSTs`, counts).forEach(line => t.diagnostic(line));
  const { up, down } = counts;
  // A client may send the new process a message that the old one has handled. But no process
  // handles a message twice.
  assert.deepEqual({ lost: up.lost, doubled: up.doubledWithin, outOfOrder: up.outOfOrder }, NONE);
  assert.deepEqual({ lost: down.lost, doubled: down.doubled, outOfOrder: down.outOfOrder }, NONE);
  assert.deepEqual(counts.wrong, []);
  assert.deepEqual([counts.processes, counts.sessions], [2, 2 * clients]);
  // The messages of one second may be under way to a client on a WebSocket. A client whose
  // WebSocket was just cut may still poll, and goes to the new process at once. Then the old
  // process sends to it for 3 s more, until it ends. On a busy machine this may be half of the
  // clients.
  assert(down.gone < (10 + 30 / 2) * clients, `${down.gone} gone with the first process: more than what was under way`);
  assert(counts.recovered > 2.5 * clients, `${upgrades} WebSockets, ${counts.recovered} recovered`);
}
