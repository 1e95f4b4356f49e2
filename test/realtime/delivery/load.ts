/* Starts the clients of clients.ts, and counts what became of their numbers, and of the server's. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { deployApplication } from '../../support/application';
import { Deployed, serveAsIis } from '../../support/iis';
import { Edit } from '../../support/template';
import type { IisOptions } from '../../../tools/iis/index';
import { Clients, forkClients } from './child';
import type { Report } from './clients';

const APP: Edit = ['dist/app.js', /^[^]*$/, `exports.app = require(${JSON.stringify(path.join(__dirname, 'app.js'))}).app;`];

/** The application that sends numbers, on the stand-in for IIS. */
export function serveNumbers(t: TestContext, edits: Edit[] = [], options: Partial<IisOptions> = {}): Promise<Deployed> {
  return serveAsIis(t, [APP, ...edits], options, deployApplication);
}

/** Starts clients, and waits until all of them are connected. */
export function startClients(t: TestContext, port: number, count: number): Promise<Clients<Report>> {
  return forkClients<Report>(t, path.join(__dirname, 'clients.js'), [port, count]);
}

/** What became of the numbers that went one way. */
export interface Count {
  sent: number;
  lost: number;
  doubled: number;
  /** Arrived after a larger one, at the same process or in the same session. */
  outOfOrder: number;
}

export interface Counts {
  /** Client to server. */
  up: Count & {
    /** Handled twice by the same process. */
    doubledWithin: number;
  };
  /** Server to client. Lost are those that a session lacks though it went on. */
  down: Count & {
    /** Those behind the last one that a session brought before its process was replaced or killed: the client is told (recovered). */
    gone: number;
  };
  /** Processes that handled something. */
  processes: number;
  sessions: number;
  recovered: number;
  /** What clients were told wrongly about their session, and sessions that did not answer. */
  wrong: string[];
}

export function count(folder: string, reports: Report[]): Counts {
  const up = { sent: 0, lost: 0, doubled: 0, outOfOrder: 0, doubledWithin: 0 };
  const down = { sent: 0, lost: 0, doubled: 0, outOfOrder: 0, gone: 0 };
  const wrong: string[] = [];
  const emitted = new Map<string, number>(); // by session
  const handled = reports.map(() => [] as number[][]); // by client and process
  let processes = 0;
  for (const name of readdirSync(folder).filter(one => one.startsWith('numbers-'))) {
    const lines = readFileSync(path.join(folder, name), 'utf8').split('\n').map(line => line.split(' '));
    if (lines.some(([way]) => way === 'in')) processes += 1;
    handled.forEach(one => one.push([]));
    for (const [way, who, number] of lines) {
      if (way === 'in') handled[Number(who)]!.at(-1)!.push(Number(number));
      if (way === 'out') emitted.set(who!, Number(number));
    }
  }

  reports.forEach(({ sent }, client) => {
    up.sent += sent;
    const all = handled[client]!.flat();
    const different = new Set(all);
    up.lost += sent - Array.from(different).filter(number => number >= 1 && number <= sent).length;
    up.doubled += all.length - different.size;
    for (const numbers of handled[client]!) {
      up.outOfOrder += outOfOrder(numbers);
      up.doubledWithin += numbers.length - new Set(numbers).size;
    }
  });

  const seen = new Set<string>();
  let arrived = 0;
  reports.forEach(({ heard, served }, client) => heard.forEach(({ told, sessions, numbers }, i) => {
    if (!told || sessions.length > 1 || sessions.some(one => seen.has(one))) wrong.push(`client ${client} was not told of its session ${sessions.join()}`);
    sessions.forEach(one => seen.add(one));
    const different = new Set(numbers);
    const last = i === heard.length - 1;
    // Of a session that is still there all is to arrive, of one that has gone all up to the last that did.
    const highest = last ? served ?? emitted.get(sessions.at(-1) ?? '') ?? 0 : numbers.reduce((one, other) => Math.max(one, other), 0);
    down.lost += highest - different.size;
    down.doubled += numbers.length - different.size;
    down.outOfOrder += outOfOrder(numbers);
    if (last && served === null) wrong.push(`client ${client}: no answer to the last message`);
    arrived += different.size;
  }));
  down.sent = Array.from(emitted.values()).reduce((sum, number) => sum + number, 0);
  down.gone = down.sent - arrived - down.lost;
  return { up, down, processes, sessions: seen.size, recovered: reports.reduce((sum, one) => sum + one.recovered, 0), wrong };
}

/** How many come, for the first time, after a larger one. */
function outOfOrder(numbers: number[]): number {
  let highest = 0;
  const seen = new Set<number>();
  return numbers.filter(number => {
    const late = number < highest && !seen.has(number);
    seen.add(number);
    highest = Math.max(highest, number);
    return late;
  }).length;
}

/** The counts as lines of a table. */
export function table(what: string, { up, down, processes, sessions, recovered }: Counts): string[] {
  const line = (way: string, { sent, lost, doubled, outOfOrder: late }: Count, more: string) =>
    `${way}: sent ${sent}, lost ${lost}, doubled ${doubled}, out of order ${late}${more}`;
  return [
    `${what}: ${processes} processes, ${sessions} sessions, recovered ${recovered} times`,
    line('  client → server', up, `, doubled within a process ${up.doubledWithin}`),
    line('  server → client', down, `, gone with a process ${down.gone}`),
  ];
}
