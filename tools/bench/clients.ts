/* The loads of clients that send nothing: the memory of a client, many handshakes, the start. */
import { setTimeout as sleep } from 'node:timers/promises';
import { columns, Load, measure, requests, withCrowd } from './load';
import { startServer } from './running';

/**
 * Measures the memory of a client whose poll waits. The first 100 clients do not count, because for
 * them the server also takes memory that it needs only once.
 */
const memory: Load['run'] = (kind, { scale }) => withCrowd(kind, 100, async (server, crowd) => {
  const readMemory = async () => {
    await sleep(200);
    return server.ask('memory');
  };
  const before = await readMemory();
  const count = Math.round(2000 * scale);
  await crowd.add(count);
  const after = await readMemory();
  const kilobytes = (figure: 'heap' | 'rss') => (after[figure] - before[figure]) / count / 1024;
  return { heap: kilobytes('heap'), rss: kilobytes('rss') };
});

/** Measures 1,000 clients that connect at once, each on a new connection. */
const storm: Load['run'] = (kind, options) => withCrowd(kind, 0, (server, crowd) => {
  const count = Math.round(1000 * options.scale);
  return measure(server, crowd, () => crowd.add(count, count), options);
});

/** Measures the time from the start of the process until it accepts a connection. */
const starting: Load['run'] = async kind => {
  const server = await startServer({ ...kind, script: kind.toStart ?? kind.script }, false);
  await server.stop();
  return { ms: server.started };
};

export const clients: Load[] = [
  {
    name: 'memory',
    title: 'A waiting client',
    columns: [
      { figure: 'heap', title: 'KB of heap and buffers', digits: 1, compared: true },
      { figure: 'rss', title: 'KB of the process', digits: 1, compared: true },
    ],
    run: memory,
  },
  {
    name: 'storm',
    title: '1,000 clients come at once',
    columns: columns('client', [requests('client')]),
    run: storm,
  },
  {
    name: 'start',
    title: 'From the start of the process to the first connection',
    columns: [{ figure: 'ms', title: 'ms', compared: true }],
    run: starting,
  },
];
