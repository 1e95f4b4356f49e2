/* Starts the clients of clients.ts, and counts what became of what was sent. */
import path from 'node:path';
import type { TestContext } from 'node:test';
import { forkClients } from '../realtime/delivery/child';
import { Deployed, serveAsIis } from '../support/iis';
import { Edit } from '../support/template';
import type { Report } from './clients';

const APP: Edit = ['dist/app.js', /^[^]*$/, `exports.app = require(${JSON.stringify(path.join(__dirname, 'app.js'))}).app;`];

/** The application on the stand-in for IIS, with several processes. */
export function serveSeveral(t: TestContext, processes: number, redisUrl: string, sticky = true): Promise<Deployed> {
  return serveAsIis(t, [
    APP,
    ['iisnode.yml', 'nodeProcessCountPerApplication: 1', `nodeProcessCountPerApplication: ${processes}`],
    ...sticky ? [['iisnode.yml', 'nodeProcessStickySessions: false', 'nodeProcessStickySessions: true'] as Edit] : [],
    ['web.config', '</appSettings>', `<add key="REDIS_URL" value="${redisUrl}" /></appSettings>`],
  ]);
}

export interface Load {
  /** Stops the sending, waits until all has arrived, and counts. */
  finish: () => Promise<Counts>;
}

/** Starts clients, and waits until all are connected. They take the ports in turn. */
export async function startClients(t: TestContext, count: number, ports: number[]): Promise<Load> {
  const clients = await forkClients<Report>(t, path.join(__dirname, 'clients.js'), [count, ...ports]);
  return { finish: async () => countAll(await clients.finish()) };
}

/** What became of the numbers that went one way. */
interface Count { sent: number; lost: number; doubled: number; outOfOrder: number }

export interface Counts {
  /** Client to server, and its answer. */
  echoes: Count;
  /** Server to client. */
  numbers: Count;
  /** From one client to all, over all processes. */
  news: Count;
  /** Sessions that went on in another process or after a break, and those that did not. */
  recovered: number;
  anew: number;
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

/** The counts as a line. */
export function line(what: string, { echoes, numbers, news, recovered, anew }: Counts): string {
  const text = (name: string, { sent, lost, doubled, outOfOrder }: Count) => `${name}: ${sent} sent, ${lost} lost, ${doubled} doubled, ${outOfOrder} out of order`;
  return `${what}: ${text('echoed', echoes)}; ${text('to one', numbers)}; ${text('to all', news)}; ${recovered} recovered, ${anew} anew`;
}
