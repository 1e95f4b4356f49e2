/* Starts the clients of clients.ts, and counts numbers that are lost, doubled or out of order. */
import path from 'node:path';
import type { TestContext } from 'node:test';
import { forkClients } from '../realtime/delivery/child';
import { Deployed, serveAsIis } from '../support/iis';
import { Edit } from '../support/template';
import type { Report } from './clients';

const APP: Edit = ['dist/app.js', /^[^]*$/, `exports.app = require(${JSON.stringify(path.join(__dirname, 'app.js'))}).app;`];

/**
 * Serves the application of app.ts with several processes, by the stand-in for IIS.
 * @param sticky whether the stand-in keeps each client with one process
 */
export function serveSeveral(t: TestContext, processes: number, redisUrl: string, sticky = true): Promise<Deployed> {
  return serveAsIis(t, [
    APP,
    ['iisnode.yml', 'nodeProcessCountPerApplication: 1', `nodeProcessCountPerApplication: ${processes}`],
    ...sticky ? [['iisnode.yml', 'nodeProcessStickySessions: false', 'nodeProcessStickySessions: true'] as Edit] : [],
    ['web.config', '</appSettings>', `<add key="REDIS_URL" value="${redisUrl}" /></appSettings>`],
  ]);
}

export interface Load {
  /** Stops the clients, waits until all numbers have arrived, and counts them. */
  finish: () => Promise<Counts>;
}

/**
 * Starts clients, and waits until all are connected. The first client goes to the first port, the
 * second client to the second port, and so on, in turn.
 */
export async function startClients(t: TestContext, count: number, ports: number[]): Promise<Load> {
  const clients = await forkClients<Report>(t, path.join(__dirname, 'clients.js'), [count, ...ports]);
  return { finish: async () => countAll(await clients.finish()) };
}

/** Counts of the numbers that were sent in one direction. */
interface Count { sent: number; lost: number; doubled: number; outOfOrder: number }

export interface Counts {
  /** The numbers that clients have sent to the server, and that the server has sent back. */
  echoes: Count;
  /** The numbers that the server's timers have sent to the clients. */
  numbers: Count;
  /** The numbers that each client has sent to all clients of all processes. */
  news: Count;
  /** The number of times that a client connected again, and its session went on. */
  recovered: number;
  /** The number of times that a client lost its session, and began a new session. */
  anew: number;
  /** The number of clients that got no answer at the end. */
  unanswered: number;
}

function countAll(reports: Report[]): Counts {
  const none = (): Count => ({ sent: 0, lost: 0, doubled: 0, outOfOrder: 0 });
  const counts: Counts = { echoes: none(), numbers: none(), news: none(), recovered: 0, anew: 0, unanswered: 0 };
  for (const { sent, echoes, numbers, news, served, states } of reports) {
    add(counts.echoes, sent, echoes);
    add(counts.numbers, served ?? 0, numbers);
    news.forEach((heard, client) => add(counts.news, reports[client]!.told, heard));
    counts.recovered += states.filter(Boolean).length;
    counts.anew += states.filter(state => !state).length - 1;
    if (served === null) counts.unanswered += 1;
  }
  return counts;
}

function add(count: Count, sent: number, heard: number[]): void {
  const different = new Set(heard);
  count.sent += sent;
  count.lost += sent - different.size;
  count.doubled += heard.length - different.size;
  let highest = 0;
  for (const number of different) {
    if (number < highest) count.outOfOrder += 1;
    highest = Math.max(highest, number);
  }
}

/** @returns the counts as one line of text */
export function line(what: string, { echoes, numbers, news, recovered, anew }: Counts): string {
  const text = (name: string, { sent, lost, doubled, outOfOrder }: Count) => `${name}: ${sent} sent, ${lost} lost, ${doubled} doubled, ${outOfOrder} out of order`;
  return `${what}: ${text('echoed', echoes)}; ${text('to one', numbers)}; ${text('to all', news)}; ${recovered} recovered, ${anew} anew`;
}
