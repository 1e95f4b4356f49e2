/*
 * Clients of public/realtime.js in a process of their own, so that it can be frozen, and leaves the other processor to the server.
 * Arguments: the port, and how many. Each sends the numbers 1, 2, 3, … and keeps those that it hears. On 'finish' they stop, each asks
 * the server how many it was sent, and all is reported.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRealtime } from '../../support/client';
import { EVERY } from './app';

/** What a client heard from one connected with recovered: false to the next: of one session, if the client is told the truth. */
export interface Heard {
  /** Whether it did begin so. */
  told: boolean;
  /** The sessions that named themselves. */
  sessions: string[];
  numbers: number[];
}

export interface Report {
  /** The last number that was sent. */
  sent: number;
  heard: Heard[];
  /** How often it was connected with recovered: true. */
  recovered: number;
  /** What the last session says it has sent; null if the server did not answer. */
  served: number | null;
}

function open(port: number, client: number) {
  const report: Report = { sent: 0, heard: [], recovered: 0, served: null };
  const begin = (told: boolean): Heard => {
    report.heard.push({ told, sessions: [], numbers: [] });
    return report.heard.at(-1)!;
  };
  const connection = connectRealtime(port);
  connection.on('status', (status: { state: string; recovered?: boolean }) => {
    if (status.state !== 'connected') return;
    if (status.recovered && report.heard.length > 0) report.recovered += 1;
    else begin(!status.recovered);
  });
  connection.on('number', (session: string, number: number) => {
    const last = report.heard.at(-1) ?? begin(false);
    if (!last.sessions.includes(session)) last.sessions.push(session);
    last.numbers.push(number);
  });
  const send = () => {
    report.sent += 1;
    connection.emit('number', client, report.sent);
  };
  // Not all at the same moment.
  let timer = setTimeout(() => {
    send();
    timer = setInterval(send, EVERY);
  }, Math.random() * EVERY);
  const finish = () => new Promise<void>(resolve => {
    clearInterval(timer);
    connection.emit('finish', (served: unknown) => {
      if (typeof served === 'number') report.served = served;
      resolve();
    });
  });
  return { report, finish, connection };
}

if (require.main === module) {
  const [port, count] = process.argv.slice(2).map(Number);
  const clients = Array.from({ length: count! }, (_, client) => open(port!, client));
  const telling = setInterval(() => {
    // A client that was connected, and cut before it heard a number, would not be counted as a session of this process.
    if (clients.some(({ report }) => !report.heard.some(({ numbers }) => numbers.length > 0))) return;
    process.send!('connected');
    clearInterval(telling);
  }, 50);
  process.once('message', () => void (async () => {
    // One that is not answered is reported as it is: what is missing is counted.
    await Promise.race([Promise.all(clients.map(({ finish }) => finish())), sleep(60000)]);
    process.send!(clients.map(({ report }) => report), () => process.exit());
  })());
  process.once('disconnect', () => process.exit());
}
