/* A load is work for a server, with the figures that are measured meanwhile. */
import { Crowd } from './client';
import { Running, startServer } from './running';
import type { Kind } from './servers';
import { traffic } from './wire';

/** The measured numbers of a load, by their names. */
export type Figures = Record<string, number>;

export interface Column {
  /** The name of the figure. */
  figure: string;
  /** The head of the column. */
  title: string;
  digits?: number;
  /** Whether the figure is compared with the floor's figure. */
  compared?: true;
}

export interface Load {
  name: string;
  title: string;
  /** The transport of the clients; polls, if missing. Servers without it are left out. */
  over?: 'websocket';
  /** Whether the load is only for servers that name it (`only` of Kind). */
  alone?: true;
  columns: Column[];
  /**
   * Starts a server, puts the load on it, and measures.
   * @throws Error if the server answers wrongly
   */
  run: (kind: Kind, options: Options) => Promise<Figures>;
  /**
   * Begins a load in which the server only waits. The promise is resolved when the server waits,
   * with a function that returns the figures later. So all servers of a round wait together.
   */
  begin?: (kind: Kind, options: Options) => Promise<() => Promise<Figures>>;
}

export interface Options {
  /** The size of the load: 1, or less for a short run. */
  scale: number;
  /** A file for a profile of the measured part. */
  profile?: string;
}

/**
 * Carries out an action once to warm up, and once more to measure the action.
 * @param act the action, which returns the time of each message, ms
 */
export async function measure(
  server: Running, crowd: Crowd, act: (measured: boolean) => Promise<number[]>, options: Options,
): Promise<Figures> {
  await act(false);
  if (options.profile) await server.ask('profile');
  const sum = (figure: 'polls' | 'messages') =>
    crowd.clients.reduce((all, client) => all + client[figure], 0);
  const before = {
    polls: sum('polls'), messages: sum('messages'), ...traffic, ...await server.ask('cpu'),
  };
  const start = performance.now();
  const times = await act(true);
  const time = performance.now() - start;
  const { cpu } = await server.ask('cpu');
  if (options.profile) await server.ask(`write ${options.profile}`);
  const count = times.length;
  return {
    cpu: (cpu - before.cpu) / count,
    rate: count / time * 1000,
    ...percentiles(times),
    requests: (traffic.requests - before.requests) / count,
    bytes: (traffic.bytes - before.bytes) / count,
    // No message comes in the load of handshakes.
    answers: (sum('polls') - before.polls) / Math.max(1, sum('messages') - before.messages),
  };
}

export function percentiles(times: number[]): { p50: number; p99: number } {
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.floor(times.length * part)]!;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Starts a server with a number of clients, calls a function, and stops the server. */
export async function withCrowd<T>(
  kind: Kind, count: number, use: (server: Running, crowd: Crowd) => Promise<T>,
): Promise<T> {
  const server = await startServer(kind);
  const crowd = new Crowd([server.port], kind.client);
  try {
    await crowd.add(count);
    return await crowd.orFailure(use(server, crowd));
  } finally {
    crowd.close();
    await server.stop();
  }
}

/**
 * Waits for a promise.
 * @param seconds the longest wait
 * @param what a name of the awaited event, for the error
 * @throws Error if the promise takes longer
 */
export function within<T>(seconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${seconds} s for ${what}`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Makes the columns of a load that sends messages.
 * @param one the name of a counted thing, such as 'message'
 * @param counts the columns of counts behind the time
 */
export function columns(one: string, counts: Column[]): Column[] {
  return [
    { figure: 'cpu', title: `µs CPU a ${one}`, digits: 1, compared: true },
    ...counts,
    { figure: 'bytes', title: `bytes a ${one}` },
    { figure: 'rate', title: 'a second' },
    { figure: 'p50', title: 'p50 ms', digits: 1 },
    { figure: 'p99', title: 'p99 ms', digits: 1 },
  ];
}

/** Makes the column of requests. */
export function requests(one: string): Column {
  return { figure: 'requests', title: `requests a ${one}`, digits: 2 };
}

/** Makes the columns of a load that sends messages to clients that poll. */
export function polled(one: string): Column[] {
  // An acknowledgement is an emit here, because it is a message to the client, too.
  const answers = { figure: 'answers', title: 'poll answers an emit', digits: 2 };
  return columns(one, [answers, requests(one)]);
}
