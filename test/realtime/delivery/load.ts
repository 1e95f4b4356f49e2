/* Starts the clients of clients.ts, and counts how their numbers and the server's arrived. */
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

/** Serves the application that sends numbers, with the stand-in for IIS. */
export function serveNumbers(t: TestContext, edits: Edit[] = [], options: Partial<IisOptions> = {}): Promise<Deployed> {
  return serveAsIis(t, [APP, ...edits], options, deployApplication);
}

/** Starts clients, and waits until all of them are connected. */
export function startClients(t: TestContext, port: number, count: number): Promise<Clients<Report>> {
  return forkClients<Report>(t, path.join(__dirname, 'clients.js'), [port, count]);
}

/** How the numbers of one direction arrived. */
export interface Count {
  sent: number;
  lost: number;
  doubled: number;
  /** Numbers that arrived after a larger one, in the same process or in the same session. */
  outOfOrder: number;
}

export interface Counts {
  /** Client to server. */
  up: Count & {
    /** Numbers that the same process handled again. */
    doubledWithin: number;
  };
  /** Server to client. A number is lost if it is missing although its session went on. */
  down: Count & {
    /**
     * Numbers after the last one that a session brought before its process was replaced or killed.
     * The client is told of this: recovered is false.
     */
    gone: number;
  };
  /** How many processes handled a number. */
  processes: number;
  sessions: number;
  recovered: number;
  /** One line for each client that was told a false `recovered`, or that got no last answer. */
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
    // If the session is still there, all of its numbers have to arrive. If it is gone, all numbers
    // up to the last one that arrived.
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

/** @returns how many numbers come for the first time after a larger one */
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

/** @returns the counts as lines of a table */
export function table(what: string, { up, down, processes, sessions, recovered }: Counts): string[] {
  const line = (way: string, { sent, lost, doubled, outOfOrder: late }: Count, more: string) =>
    `${way}: sent ${sent}, lost ${lost}, doubled ${doubled}, out of order ${late}${more}`;
  return [
    `${what}: ${processes} processes, ${sessions} sessions, recovered ${recovered} times`,
    line('  client → server', up, `, doubled within a process ${up.doubledWithin}`),
    line('  server → client', down, `, gone with a process ${down.gone}`),
  ];
}
