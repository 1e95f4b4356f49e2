/*
 * Clients that come all at once, as after a restart, and that go all at once, as when a line is cut: a
 * part of `npm run bench -- --scale`. The application tells all of them how many they are.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Crowd, MakeClient } from './client';
import { within, withCrowd } from './load';
import { grid } from './report';
import type { Running } from './running';
import { counting, Kind } from './servers';
import { GONE_AFTER } from './servers/counting';

/** Whatever takes longer is given up, s. */
const LONGEST = 240;
/**
 * How many are on their way in at a time: node's server has room for 511 connections that it has not
 * taken yet, and the system cuts those beyond them.
 */
const TOGETHER = 400;

const HEAD = [
  '', 'clients', 's until all are connected', 'µs CPU a client', 'longest turn, ms',
  's until all are gone', 'µs CPU a client', 'longest turn, ms',
];
const NOTE = `They come ${TOGETHER} at a time, the next one as soon as one is in. They go by cut connections, all at ` +
  `once, and are waited for for ${GONE_AFTER} s, which are left out. The longest turn of the event loop is ` +
  'measured in the process of the server, to 10 ms.';

interface Taken { seconds: number; cpu: number; turn: number }

/** @returns a table: so many clients that come and go, for each of the servers */
export async function crowds(kinds: Kind[], counts: number[]): Promise<string> {
  const rows: string[][] = [];
  for (const kind of kinds) {
    for (const count of counts) {
      rows.push([kind.title, count.toLocaleString('en'), ...await both(kind, count)]);
    }
  }
  return `**Clients that come at once, and go at once**\n\n${grid(HEAD, rows)}\n\n${NOTE}`;
}

/** The cells of a row. Those of what did not come to an end are strokes. */
async function both(kind: Kind, count: number): Promise<string[]> {
  const cells: string[] = [];
  const add = ({ seconds, cpu, turn }: Taken, waited: number) => {
    cells.push((seconds - waited).toFixed(1), (cpu / count).toFixed(0), turn.toFixed(0));
  };
  const listening: Kind = { ...counting(kind), client: listener(kind.client) };
  try {
    await withCrowd(listening, 0, async (server, crowd) => {
      add(await come(server, crowd, count), 0);
      if (!kind.health) return;
      await sleep(2000); // until all have been told, and wait
      add(await go(server, crowd), GONE_AFTER);
    });
  } catch (error) {
    cells.push((error as Error).message);
  }
  while (cells.length < HEAD.length - 2) cells.push('–');
  return cells;
}

function come(server: Running, crowd: Crowd, count: number): Promise<Taken> {
  return measured(server, () => {
    return within(LONGEST, 'all clients to be connected', crowd.orFailure(crowd.add(count, TOGETHER)));
  });
}

function go(server: Running, crowd: Crowd): Promise<Taken> {
  return measured(server, async () => {
    const end = performance.now() + LONGEST * 1000;
    crowd.close();
    while (await clients(server) > 0) {
      if (performance.now() > end) throw new Error(`waited ${LONGEST} s for all to be gone`);
      await sleep(50);
    }
  });
}

async function clients({ kind, port }: Running): Promise<number> {
  const answer = await fetch(`http://localhost:${port}${kind.health}`);
  return (await answer.json() as { clients: number }).clients;
}

async function measured(server: Running, act: () => Promise<unknown>): Promise<Taken> {
  const before = await server.ask('turns');
  const start = performance.now();
  await act();
  const seconds = (performance.now() - start) / 1000;
  const { cpu, turn } = await server.ask('turns');
  return { seconds, cpu: cpu - before.cpu, turn };
}

/** A client that takes what it is told. */
function listener(make: MakeClient): MakeClient {
  return (port, failed) => {
    const client: Client = make(port, failed);
    client.heard = () => undefined;
    return client;
  };
}
