/*
 * Clients of public/realtime.js in a process of their own. Each sends the numbers 1, 2, 3, …, each second tells one to all, and writes down
 * what it hears. Arguments: how many, then the ports of the fronts, in turn. On 'finish' they stop, and report.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRealtime } from '../support/client';
import { EVERY } from './app';
import { startFront } from './front';

export interface Report {
  /** The last number that was sent, and the last that was told to all. */
  sent: number;
  told: number;
  echoes: number[];
  numbers: number[];
  /** By client: what it told to all. */
  news: number[][];
  /** The last number of the session that goes on. */
  served: number | null;
  /** Whether the session is the same at each connect. */
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
    await sleep(Math.random() * EVERY); // not all at the same moment
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

/** Whether each has heard all that was echoed to it and told to all. */
function heardAll(reports: Report[]): boolean {
  return reports.every(({ sent, echoes, news }) =>
    echoes.length >= sent && news.every((heard, from) => heard.length >= reports[from]!.told));
}

if (require.main === module) {
  void (async () => {
    const [count, ...ports] = process.argv.slice(2).map(Number) as [number, ...number[]];
    const clients = await Promise.all(Array.from({ length: count }, (_, client) => open(client, count, ports)));
    while (!clients.every(({ report }) => report.states.length > 0)) await sleep(50);
    await sleep(500); // all are in the room
    await Promise.all(clients.map(({ begin }) => begin()));
    process.once('message', () => void (async () => {
      for (const client of clients) client.stop();
      // On a busy machine it takes its time. What has not come by then is reported as it is, and counted as missing.
      for (const end = Date.now() + 50000; !heardAll(clients.map(({ report }) => report)) && Date.now() < end;) await sleep(100);
      await sleep(2000); // what comes twice
      await Promise.race([Promise.all(clients.map(({ finish }) => finish())), sleep(30000)]);
      process.send!(clients.map(({ report }) => report), () => process.exit());
    })());
    process.once('disconnect', () => process.exit());
    process.send!('connected');
  })();
}
