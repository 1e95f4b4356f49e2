/*
 * Clients of public/realtime.js in a process of their own. A test can freeze this process, and it
 * leaves the other processor to the server. Arguments: the port, and the number of clients. Each
 * client sends the numbers 1, 2, 3, … and keeps the numbers that it hears. On 'finish' the
 * clients stop. Then each asks the server how many numbers it was sent, and the process reports
 * everything.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRealtime } from '../../support/client';
import { EVERY } from './app';

/**
 * The numbers that a client heard between two statuses "connected" with recovered: false. They are
 * of one session, if the client is told the truth.
 */
export interface Heard {
  /** Whether it began with a status "connected" with recovered: false. */
  told: boolean;
  /** The sessions that named themselves. */
  sessions: string[];
  numbers: number[];
}

export interface Report {
  /** The last number that the client sent. */
  sent: number;
  heard: Heard[];
  /** How often the client was connected with recovered: true. */
  recovered: number;
  /** How many numbers the server says the last session was sent; null if it did not answer. */
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
  // The clients do not all start at the same moment.
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
    // Waits until each client has heard a number. If a client were cut before, its session would
    // not be counted.
    if (clients.some(({ report }) => !report.heard.some(({ numbers }) => numbers.length > 0))) return;
    process.send!('connected');
    clearInterval(telling);
  }, 50);
  process.once('message', () => void (async () => {
    // A client without an answer is reported as it is. The test counts the missing numbers.
    await Promise.race([Promise.all(clients.map(({ finish }) => finish())), sleep(60000)]);
    process.send!(clients.map(({ report }) => report), () => process.exit());
  })());
  process.once('disconnect', () => process.exit());
}
