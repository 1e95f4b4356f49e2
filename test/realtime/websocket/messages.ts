/* Messages over WebSockets that break, behind the stand-in for IIS 10. */
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

/** Clients send 10 messages a second each way; the process is recycled, then WebSockets are cut at random. */
export async function cutOff(t: TestContext, clients: number): Promise<void> {
  const edits = [...BOTH, ['iisnode.yml', 'gracefulShutdownTimeout: 30000', 'gracefulShutdownTimeout: 3000']] as typeof BOTH;
  const { port, origin, folder, trace } = await serveNumbers(t, edits, { iis: '10' });
  const cutter = await startCutter(t, port);
  cutter.cut(clients * 0.3);
  const running = await startClients(t, cutter.port, clients);
  cutter.cut(0);
  // Who was cut last is back. What is sent to a client that is away would be gone with the process.
  for (let time = 1; time <= 2; time++) await heardByAll(folder, 1, clients, 'from now on');
  // Nobody asks for anything now: the next request is what replaces the process. The old one keeps its WebSockets for 3 s.
  utimesSync(path.join(folder, 'dist', 'server.js'), new Date(), new Date(Date.now() + 1000));
  await fetch(`${origin}${resource}/`);
  await heardByAll(folder, 2, clients);
  // Until there were enough: on a busy machine clients come back later, and there is less to cut.
  const opened = () => trace.filter(line => /\/websocket\/.* 101/.test(line)).length;
  cutter.cut(clients);
  await until(() => opened() > 6 * clients && cutter.counts.websocket > 3 * clients, 'WebSockets to be cut', 120);
  cutter.cut(0);
  const counts = count(folder, await running.finish());
  const upgrades = opened();
  const polls = trace.filter(line => /\/xhr-polling\//.test(line)).length;
  table(`cut ${JSON.stringify(cutter.counts)}, ${upgrades} WebSockets, ${polls} polls and POSTs`, counts).forEach(line => t.diagnostic(line));
  const { up, down } = counts;
  // What the new process is sent again, the old one may have handled. Within a process nothing is doubled.
  assert.deepEqual({ lost: up.lost, doubled: up.doubledWithin, outOfOrder: up.outOfOrder }, NONE);
  assert.deepEqual({ lost: down.lost, doubled: down.doubled, outOfOrder: down.outOfOrder }, NONE);
  assert.deepEqual(counts.wrong, []);
  assert.deepEqual([counts.processes, counts.sessions], [2, 2 * clients]);
  // To a client on a WebSocket, a second's messages may be under way. One that polls still, as its WebSocket was cut a moment ago,
  // goes to the new process at once, and the old one sends to it until it ends: for 3 s. On a busy machine half of them may.
  assert(down.gone < (10 + 30 / 2) * clients, `${down.gone} gone with the first process: more than what was under way`);
  assert(counts.recovered > 2.5 * clients, `${upgrades} WebSockets, ${counts.recovered} recovered`);
}
