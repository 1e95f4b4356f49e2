import { Crowd } from './client';
import { Running, start } from './running';
import type { Kind } from './servers';
import { traffic } from './wire';

/** What is measured of a load: a number by name. */
export type Figures = Record<string, number>;

export interface Column {
  figure: string;
  /** Heads the column. */
  title: string;
  digits?: number;
  /** Whether it is compared with the floor. */
  compared?: true;
}

export interface Load {
  name: string;
  title: string;
  /** What its clients are reached over: servers that have none of these are left out. Polls, if missing. */
  over?: 'websocket';
  /** Whether it is for those servers only that are for no other load. */
  alone?: true;
  columns: Column[];
  /** Starts a server, puts the load on it, and measures. Fails if the server answers wrongly. */
  run: (kind: Kind, options: Options) => Promise<Figures>;
  /**
   * The same for a load that leaves its server to wait: is done when it waits, and gives what brings the figures. All servers of a round
   * then wait at the same time.
   */
  begin?: (kind: Kind, options: Options) => Promise<() => Promise<Figures>>;
}

export interface Options {
  /** 1, or less for a short run. */
  scale: number;
  /** A file for a profile of what is measured. */
  profile?: string;
}

/**
 * Does something once to warm up and once to measure it.
 * @param act does it, and gives how long each message took, ms
 */
export async function measure(
  server: Running, crowd: Crowd, act: (measured: boolean) => Promise<number[]>, options: Options,
): Promise<Figures> {
  await act(false);
  if (options.profile) await server.ask('profile');
  const polls = () => crowd.clients.reduce((sum, client) => sum + client.polls, 0);
  const before = { polls: polls(), bytes: traffic.bytes, ...await server.ask('cpu'), time: performance.now() };
  const times = await act(true);
  const time = performance.now() - before.time;
  const { cpu } = await server.ask('cpu');
  if (options.profile) await server.ask(`write ${options.profile}`);
  const count = times.length;
  return {
    cpu: (cpu - before.cpu) / count,
    rate: count / time * 1000,
    ...percentiles(times),
    bytes: (traffic.bytes - before.bytes) / count,
    polls: (polls() - before.polls) / count,
  };
}

export function percentiles(times: number[]): { p50: number; p99: number } {
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(times.length * 0.5)]!, p99: times[Math.floor(times.length * 0.99)]! };
}

/** Starts a server with so many clients, for as long as `use` takes. */
export async function withCrowd<T>(kind: Kind, count: number, use: (server: Running, crowd: Crowd) => Promise<T>): Promise<T> {
  const server = await start(kind);
  const crowd = new Crowd([server.port], kind.client);
  try {
    await crowd.add(count);
    return await crowd.orFailure(use(server, crowd));
  } finally {
    crowd.close();
    await server.stop();
  }
}

/** Waits for something; fails after so many seconds. */
export function within<T>(seconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${seconds} s for ${what}`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The columns of loads that send messages. */
export function columns(one: string, more: Column[] = []): Column[] {
  return [
    { figure: 'cpu', title: `µs CPU a ${one}`, digits: 1, compared: true }, { figure: 'rate', title: 'a second' },
    { figure: 'p50', title: 'p50 ms', digits: 1 }, { figure: 'p99', title: 'p99 ms', digits: 1 }, ...more, { figure: 'bytes', title: `bytes a ${one}` },
  ];
}
