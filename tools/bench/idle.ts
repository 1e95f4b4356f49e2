/* The load of those who say nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Crowd } from './client';
import { Figures, Load, within, withCrowd } from './load';
import type { Running } from './running';

/** No server lets a poll wait for longer, s. */
const LONGEST = 60;

/** How long the client's poll waits until the server ends it, ms. */
function rest(client: Client): Promise<number> {
  return new Promise(resolve => { client.rested = resolve; });
}

/**
 * What the clients cost while each poll waits to its end, once. Servers end them after 20 to 25 s: each is measured for as long as its own
 * polls take, so that none has more of them than another in its minute.
 */
async function watch(server: Running, crowd: Crowd, profile?: string): Promise<Figures> {
  const rests = crowd.clients.map(rest);
  await sleep(500); // what is left of their coming
  if (profile) await server.ask('profile');
  const before = await server.ask('cpu');
  const times = await within(LONGEST, 'each poll to end', Promise.all(rests));
  await sleep(1000); // until all of them wait again
  const { cpu } = await server.ask('cpu');
  if (profile) await server.ask(`write ${profile}`);
  const wait = times.reduce((sum, time) => sum + time, 0) / times.length / 1000;
  return { cpu: (cpu - before.cpu) / times.length / wait * 60, wait };
}

/** 1,000 clients whose polls wait. */
const begin: NonNullable<Load['begin']> = (kind, { scale, profile }) => new Promise((begun, failed) => {
  const ended: Promise<Figures> = withCrowd(kind, Math.round(1000 * scale), (server, crowd) => {
    begun(() => ended);
    return watch(server, crowd, profile);
  });
  ended.catch(failed);
});

export const idle: Load = {
  name: 'idle', title: '1,000 clients that say nothing, while their polls wait and are renewed',
  columns: [
    { figure: 'cpu', title: 'µs CPU a client and minute', compared: true }, { figure: 'wait', title: 's that a poll waits', digits: 1 },
  ],
  begin,
  run: async (kind, options) => (await begin(kind, options))(),
};
