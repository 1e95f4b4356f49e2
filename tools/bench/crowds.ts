/*
 * Measures many clients that connect at once, as after a restart, and that are lost at once, as
 * when a line is cut. This is a part of `npm run bench -- --scale`. At each change, the application
 * sends the number of clients to all of them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Crowd, MakeClient } from './client';
import { within, withCrowd } from './load';
import { grid } from './report';
import type { Running } from './running';
import { counting, Kind } from './servers';
import { GONE_AFTER } from './servers/counting';

/** The longest time of a step, s. A step that takes longer is given up. */
const LONGEST = 240;
/**
 * The number of clients that connect at the same time. node's server has a queue of 511
 * connections that it has not accepted yet, and the system refuses further ones.
 */
const TOGETHER = 400;

const HEAD = [
  '', 'clients', 's until all are connected', 'µs CPU a client', 'longest turn, ms',
  's until all are gone', 'µs CPU a client', 'longest turn, ms',
];
const NOTE = [
  `${TOGETHER} clients connect at a time; the next client begins as soon as one is connected.`,
  'To lose the clients, the benchmark cuts all connections at once.',
  `The server waits ${GONE_AFTER} s for a lost client, and this time is left out.`,
  'The longest turn of the event loop is measured in the process of the server, to 10 ms.',
].join(' ');

/**
 * A step: its time, s; the server's processor time, µs; the longest turn of its event loop, ms, or
 * NaN if it has none.
 */
interface Step { seconds: number; cpu: number; turn: number }

/**
 * Measures clients that come and go.
 * @param counts the numbers of clients
 * @returns a table with a row for each server and number
 */
export async function crowds(kinds: Kind[], counts: number[]): Promise<string> {
  const rows: string[][] = [];
  for (const kind of kinds) {
    for (const count of counts) {
      rows.push([kind.title, count.toLocaleString('en'), ...await both(kind, count)]);
    }
  }
  return `**Clients that come at once, and go at once**\n\n${grid(HEAD, rows)}\n\n${NOTE}`;
}

/** Measures a row. @returns its cells; the error and dashes for a step that does not end */
async function both(kind: Kind, count: number): Promise<string[]> {
  const cells: string[] = [];
  const add = ({ seconds, cpu, turn }: Step, waited: number) => {
    const longest = Number.isNaN(turn) ? '–' : turn.toFixed(0);
    cells.push((seconds - waited).toFixed(1), (cpu / count).toFixed(0), longest);
  };
  const listening: Kind = { ...counting(kind), client: listener(kind.client) };
  try {
    await withCrowd(listening, 0, async (server, crowd) => {
      add(await come(server, crowd, count), 0);
      if (!kind.health) return;
      await sleep(2000); // until all clients have the number of clients, and wait
      add(await go(server, crowd), GONE_AFTER);
    });
  } catch (error) {
    cells.push((error as Error).message);
  }
  while (cells.length < HEAD.length - 2) cells.push('–');
  return cells;
}

function come(server: Running, crowd: Crowd, count: number): Promise<Step> {
  return measured(server, () => {
    const connected = crowd.orFailure(crowd.add(count, TOGETHER));
    return within(LONGEST, 'all clients to be connected', connected);
  });
}

function go(server: Running, crowd: Crowd): Promise<Step> {
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

async function measured(server: Running, act: () => Promise<unknown>): Promise<Step> {
  const before = await server.ask('turns');
  const start = performance.now();
  await act();
  const seconds = (performance.now() - start) / 1000;
  const { cpu, turn } = await server.ask('turns');
  return { seconds, cpu: cpu - before.cpu, turn };
}

/** Makes clients that accept any message. */
function listener(make: MakeClient): MakeClient {
  return (port, failed) => {
    const client: Client = make(port, failed);
    client.heard = () => undefined;
    return client;
  };
}
