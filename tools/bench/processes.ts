/*
 * Measures several processes that share their clients over Redis. Each client stays with one of
 * the processes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { launchRedis, RedisServer } from '../redis-server';
import { Crowd } from './client';
import { Figures, within } from './load';
import { echo, exchangeAll, tell } from './messages';
import { grid, middle, showProgress } from './report';
import { Running, startServer } from './running';
import type { Kind } from './servers';

/** The numbers of processes for each server. One process needs no Redis. */
const PROCESSES: Record<string, number[]> = {
  ours: [1, 2, 4],
  'ours-realtime': [1, 2, 4],
  'stock-quiet': [1, 2],
};
/** More rounds would take too long. */
const MAX_ROUNDS = 3;
const CLIENTS = 200;
const BROADCASTS = 20;
const MESSAGES = 2000;
/** The messages to warm up for each process, so that each gets as many as one that is alone. */
const WARM_UP = 4000;
/** A step that takes longer has failed, in s. */
const LONGEST = 20;
/**
 * The commands that the template's scripts call inside of Redis. Redis counts them, too. Where
 * there are scripts, they are left out: no process has sent them.
 */
const IN_SCRIPTS = ['hget', 'del', 'hset', 'hincrby', 'ltrim', 'rpush', 'expire', 'xadd'];

const COLUMNS: [figure: string, title: string, digits: number][] = [
  ['ms', 'broadcast: ms until it has reached all', 1],
  ['deliveryCpu', 'µs CPU a delivery', 1],
  ['deliveryRedis', 'of Redis', 1],
  ['deliveryCommands', 'commands a broadcast', 1],
  ['echoCpu', 'echo: µs CPU a message', 1],
  ['echoRedis', 'of Redis', 1],
  ['echoCommands', 'commands a message', 2],
  ['idleCommands', 'silence: commands a client and minute', 1],
];
const NOTE = [
  'CPU: of all processes of the server together, and of redis-server.',
  'Commands: those that the processes send to Redis; a script is one command.',
  'They include the report of each process once a second.',
  'Silence: no poll ends meanwhile.',
].join(' ');

interface SetUp {
  servers: Running[];
  crowd: Crowd;
  redis: RedisServer | null;
}

/** Processor time of the servers' processes and of Redis, in µs, and commands sent to Redis. */
interface Cost {
  cpu: number;
  redis: number;
  commands: number;
}

/** The cost so far. */
async function read({ servers, redis }: SetUp): Promise<Cost> {
  const readings = await Promise.all(servers.map(server => server.ask('cpu')));
  const { cpu, commands } = redis ? await redis.readings() : { cpu: 0, commands: {} };
  const hasScripts = 'evalsha' in commands;
  const isSent = (name: string) => !(hasScripts && IN_SCRIPTS.includes(name));
  // The benchmark itself sends info and ping.
  const sent = Object.entries(commands)
    .filter(([name]) => !/^(info|ping)$/.test(name) && isSent(name));
  return {
    cpu: readings.reduce((sum, one) => sum + one.cpu, 0),
    redis: cpu,
    commands: sent.reduce((sum, [, calls]) => sum + calls, 0),
  };
}

/** Measures the cost of an action. */
async function measureCost(setUp: SetUp, act: () => Promise<unknown>): Promise<Cost> {
  const before = await read(setUp);
  await setUp.crowd.orFailure(within(LONGEST, 'all messages to arrive', act()));
  const after = await read(setUp);
  return {
    cpu: after.cpu - before.cpu,
    redis: after.redis - before.redis,
    commands: after.commands - before.commands,
  };
}

async function warmUp({ crowd, servers }: SetUp): Promise<void> {
  const messages = exchangeAll(crowd, echo, WARM_UP * servers.length);
  await crowd.orFailure(within(LONGEST, 'the answers to warm up', messages));
}

/** Measures a set-up. If it fails, `figures` has those figures that were measured before. */
async function measure(setUp: SetUp, figures: Figures, quick: boolean): Promise<void> {
  const { crowd } = setUp;
  await within(LONGEST, 'the clients to come', crowd.add(CLIENTS));
  await warmUp(setUp);
  const slowest: number[] = [];
  const broadcasts = async () => {
    for (let i = 0; i < BROADCASTS; i++) {
      slowest.push(Math.max(...await tell(crowd)));
      await sleep(50); // until all poll again
    }
  };
  await measureCost(setUp, broadcasts);
  slowest.splice(0);
  const telling = await measureCost(setUp, broadcasts);
  const deliveries = BROADCASTS * CLIENTS;
  figures.ms = Number(middle(slowest, 3));
  figures.deliveryCpu = telling.cpu / deliveries;
  figures.deliveryRedis = telling.redis / deliveries;
  figures.deliveryCommands = telling.commands / BROADCASTS;

  const talking = await measureCost(setUp, () => exchangeAll(crowd, echo, MESSAGES));
  figures.echoCpu = talking.cpu / MESSAGES;
  figures.echoRedis = talking.redis / MESSAGES;
  figures.echoCommands = talking.commands / MESSAGES;

  await sleep(1000); // until the work of the messages is done
  const [begun, time] = [performance.now(), quick ? 3000 : 10000];
  const silent = await measureCost(setUp, () => sleep(time));
  figures.idleCommands = silent.commands / CLIENTS / (performance.now() - begun) * 60000;
}

/**
 * Runs one round of a set-up.
 * @returns the error; '' if there was none
 */
async function run(kind: Kind, count: number, figures: Figures, quick: boolean): Promise<string> {
  const redis = count > 1 ? await launchRedis() : null;
  const servers: Running[] = [];
  let crowd: Crowd | null = null;
  try {
    for (let i = 0; i < count; i++) {
      const env = { ...kind.env, ...redis ? { REDIS_URL: redis.url } : {} };
      const name = `${kind.name}-${i + 1}-of-${count}`;
      servers.push(await startServer({ ...kind, name, env }));
    }
    crowd = new Crowd(servers.map(({ port }) => port), kind.client);
    await measure({ servers, redis, crowd }, figures, quick);
    return '';
  } catch (error) {
    return servers.some(server => server.died()) ? 'died' : (error as Error).message;
  } finally {
    crowd?.close();
    for (const server of servers) await server.stop();
    await redis?.stop();
  }
}

/**
 * Measures a set-up.
 * @returns the row of the table. An error of another server than this template is in its title
 * @throws Error if this template fails
 */
async function row(kind: Kind, count: number, rounds: number, quick: boolean): Promise<string[]> {
  const name = `${kind.name} × ${count}`;
  const all: Figures[] = [];
  const errors = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    showProgress(`processes, round ${round + 1} of ${rounds}: ${name} `);
    const figures: Figures = {};
    all.push(figures);
    const error = await run(kind, count, figures, quick);
    if (error === '') continue;
    if (kind.name.startsWith('ours')) throw new Error(`processes with ${name}: ${error}`);
    errors.add(error.split('\n')[0]!);
  }
  showProgress('');
  const processes = count === 1 ? '1 process, no Redis' : `${count} processes`;
  const failed = errors.size > 0 ? `: ${[...errors].join('; ')}` : '';
  return [`${kind.title}, ${processes}${failed}`, ...COLUMNS.map(([figure, , digits]) => {
    const values = all.filter(figures => figure in figures).map(figures => figures[figure]!);
    const isOfRedis = /Redis|Commands/.test(figure);
    return values.length === 0 || (count === 1 && isOfRedis) ? '–' : middle(values, digits);
  })];
}

/**
 * Compares the set-ups of some servers.
 * @returns a table, or the reason why there is none
 */
async function compare(kinds: Kind[], rounds: number, quick: boolean): Promise<string> {
  const title = `**Several processes that share ${CLIENTS} clients by Redis**`;
  const redis = await launchRedis();
  if (!redis) return `${title}\n\nleft out: redis-server is missing`;
  await redis.stop();
  const rows: string[][] = [];
  const own = quick ? 1 : Math.min(rounds, MAX_ROUNDS);
  for (const kind of kinds.filter(({ over }) => !over)) {
    for (const count of PROCESSES[kind.name] ?? []) rows.push(await row(kind, count, own, quick));
  }
  const table = grid(['', ...COLUMNS.map(([, head]) => head)], rows);
  const medians = own > 1 ? ` Medians of ${own} rounds.` : '';
  return `${title}\n\n${table}\n\n${NOTE}${medians}`;
}

export const processes = { name: 'processes', compare };
