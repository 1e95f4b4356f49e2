/*
 * Clients of public/realtime.js in a process of their own. Each client sends the numbers 1, 2, 3, …
 * to its server, sends a number to all clients each second, and notes the numbers that it hears.
 * Arguments: the number of clients, then the ports of the servers. The message 'finish' to the
 * process stops the clients, and the process sends back their reports.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRealtime } from '../support/client';
import { EVERY } from './app';
import { startFront } from './front';

export interface Report {
  /** The last number that the client has sent to its server. */
  sent: number;
  /** The last number that the client has sent to all clients. */
  told: number;
  /** The numbers that the server has sent back. */
  echoes: number[];
  /** The numbers that the server's timer has sent. */
  numbers: number[];
  /** The numbers for all clients, as this client has heard them: a list for each sender. */
  news: number[][];
  /** The last number that the server's timer has sent, as the server says at the end. */
  served: number | null;
  /** An element for each time that the client was connected: true if an earlier session went on. */
  states: boolean[];
}

async function open(client: number, count: number, ports: number[]) {
  const news = Array.from({ length: count }, () => []);
  const report: Report = { sent: 0, told: 0, echoes: [], numbers: [], news, served: null, states: [] };
  const { port } = await startFront(ports);
  const connection = connectRealtime(port);
  connection.on('status', ({ state, recovered }: { state: string; recovered: boolean }) => {
    if (state === 'connected') report.states.push(recovered);
  });
  connection.on('echo', (number: number) => report.echoes.push(number));
  connection.on('number', (number: number) => report.numbers.push(number));
  connection.on('news', (from: number, number: number) => report.news[from]!.push(number));
  let timers: NodeJS.Timeout[] = [];
  const begin = async () => {
    await sleep(Math.random() * EVERY); // the clients begin at different moments
    timers = [
      setInterval(() => connection.emit('number', report.sent += 1), EVERY),
      setInterval(() => connection.emit('tell', client, report.told += 1), 10 * EVERY),
    ];
  };
  const stop = () => timers.forEach(timer => clearInterval(timer));
  const finish = () => new Promise<void>(resolve => connection.emit('finish', (served: unknown) => {
    if (typeof served === 'number') report.served = served;
    resolve();
  }));
  return { report, begin, stop, finish };
}

/** @returns whether each client has heard all its echoes, and all numbers for all clients */
function heardAll(reports: Report[]): boolean {
  return reports.every(({ sent, echoes, news }) =>
    echoes.length >= sent && news.every((heard, from) => heard.length >= reports[from]!.told));
}

if (require.main === module) {
  void (async () => {
    const [count, ...ports] = process.argv.slice(2).map(Number) as [number, ...number[]];
    const clients = await Promise.all(Array.from({ length: count }, (_, client) => open(client, count, ports)));
    while (!clients.every(({ report }) => report.states.length > 0)) await sleep(50);
    await sleep(500); // by then all clients are in the room
    await Promise.all(clients.map(({ begin }) => begin()));
    process.once('message', () => void (async () => {
      for (const client of clients) client.stop();
      // A busy machine may need long. Numbers that have not come after 50 s count as lost.
      for (const end = Date.now() + 50000; !heardAll(clients.map(({ report }) => report)) && Date.now() < end;) await sleep(100);
      await sleep(2000); // time for numbers that come twice
      await Promise.race([Promise.all(clients.map(({ finish }) => finish())), sleep(30000)]);
      process.send!(clients.map(({ report }) => report), () => process.exit());
    })());
    process.once('disconnect', () => process.exit());
    process.send!('connected');
  })();
}
