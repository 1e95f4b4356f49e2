/* Loads of clients: those that wait, those that come, and the server's start. */
import { setTimeout as sleep } from 'node:timers/promises';
import { columns, Load, measure, withCrowd } from './load';
import { start } from './running';

/** What a client takes whose poll waits. The first ones bring what the server needs only once. */
const memory: Load['run'] = (kind, { scale }) => withCrowd(kind, 100, async (server, crowd) => {
  const settled = async () => {
    await sleep(200);
    return server.ask('memory');
  };
  const before = await settled();
  const count = Math.round(2000 * scale);
  await crowd.add(count);
  const after = await settled();
  return { heap: (after.heap - before.heap) / count / 1024, rss: (after.rss - before.rss) / count / 1024 };
});

/** 1,000 clients that come at once, each on a new connection. */
const storm: Load['run'] = (kind, options) => withCrowd(kind, 0, (server, crowd) => measure(server, crowd, async () => {
  const count = Math.round(1000 * options.scale);
  const times = await crowd.add(count, count);
  return times;
}, options));

/** From the start of the process until it takes a connection. */
const starting: Load['run'] = async kind => {
  const server = await start({ ...kind, script: kind.toStart ?? kind.script }, false);
  await server.stop();
  return { ms: server.started };
};

export const clients: Load[] = [
  {
    name: 'memory', title: 'A waiting client',
    columns: [{ figure: 'heap', title: 'KB of heap and buffers', digits: 1, compared: true }, { figure: 'rss', title: 'KB of the process', digits: 1, compared: true }],
    run: memory,
  },
  {
    name: 'storm', title: '1,000 clients come at once',
    columns: columns('client'),
    run: storm,
  },
  { name: 'start', title: 'From the start of the process to the first connection', columns: [{ figure: 'ms', title: 'ms', compared: true }], run: starting },
];
