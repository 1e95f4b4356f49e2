/* The load of clients that send nothing, while their polls wait. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Crowd } from './client';
import { Figures, Load, Options, within, withCrowd } from './load';
import type { Running } from './running';
import type { Kind } from './servers';

/** The longest wait for the end of all polls, s. SignalR lets a poll wait for 90 s. */
const LONGEST = 120;

/** Waits until the server ends the client's poll. @returns the time that the poll waited, ms */
function rest(client: Client): Promise<number> {
  return new Promise(resolve => { client.rested = resolve; });
}

/**
 * Measures the cost of the clients until the server has ended one poll of each client. Servers end
 * polls after 20 to 25 s, and SignalR after 90 s. Each server is measured for the time of its own
 * polls, so each server has the same number of polls.
 */
async function watch(server: Running, crowd: Crowd, profile?: string): Promise<Figures> {
  const rests = crowd.clients.map(rest);
  await sleep(500); // until the work of the handshakes is done
  if (profile) await server.ask('profile');
  const before = await server.ask('cpu');
  const times = await within(LONGEST, 'each poll to end', Promise.all(rests));
  await sleep(1000); // until all clients wait again
  const { cpu } = await server.ask('cpu');
  if (profile) await server.ask(`write ${profile}`);
  const wait = times.reduce((sum, time) => sum + time, 0) / times.length / 1000;
  return { cpu: (cpu - before.cpu) / times.length / wait * 60, wait };
}

/** Begins to measure 1,000 clients whose polls wait. */
function begin(kind: Kind, { scale, profile }: Options): Promise<() => Promise<Figures>> {
  return new Promise((begun, failed) => {
    const ended: Promise<Figures> = withCrowd(kind, Math.round(1000 * scale), (server, crowd) => {
      begun(() => ended);
      return watch(server, crowd, profile);
    });
    ended.catch(failed);
  });
}

export const idle: Load = {
  name: 'idle',
  title: '1,000 clients that say nothing, while their polls wait and are renewed',
  columns: [
    { figure: 'cpu', title: 'µs CPU a client and minute', compared: true },
    { figure: 'wait', title: 's that a poll waits', digits: 1 },
  ],
  begin,
  run: async (kind, options) => (await begin(kind, options))(),
};
