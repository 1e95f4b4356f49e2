/*
 * Measures several processes that share their clients over Redis. Each client stays with one
 * process.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { launchRedis, RedisServer } from '../redis-server';
import { showProgress } from '../progress';
import { Crowd } from './client';
import { Figures, within } from './load';
import { echo, exchangeAll, tell } from './messages';
import { grid, middle, otherName } from './report';
import { Running, startServer } from './running';
import type { Kind } from './servers';

/** The numbers of processes for each server. One process needs no Redis. */
const PROCESSES: Record<string, number[]> = {
  ours: [1, 2, 4],
  'ours-realtime': [1, 2, 4],
  'stock-quiet': [1, 2],
};
/** The most rounds. More rounds would take too long. */
const MAX_ROUNDS = 3;
const CLIENTS = 200;
/**
 * Further numbers of clients, each for a row of the table. The rows show that the cost of a
 * broadcast for Redis does not grow with the number of clients.
 */
const CROWDS = [100, 500, 2000];
const BROADCASTS = 20;
const MESSAGES = 2000;
/** The number of messages to warm up each process, the same as for a process that is alone. */
const WARM_UP = 4000;
/** The longest time of a step, s. A step that takes longer has failed. */
const LONGEST = 60;

const COLUMNS: [figure: string, title: string, digits: number][] = [
  ['ms', 'broadcast: ms until it has reached all', 1],
  ['deliveryCpu', 'µs CPU a delivery', 1],
  ['deliveryRedis', 'of Redis', 1],
  ['deliveryCommands', 'operations a broadcast', 1],
  ['deliveryBytes', 'bytes to Redis', 0],
  ['broadcastRedis', 'µs of Redis a broadcast', 0],
  ['echoCpu', 'echo: µs CPU a message', 1],
  ['echoRedis', 'of Redis', 1],
  ['echoCommands', 'operations a message', 2],
  ['idleCommands', 'silence: operations a client and minute', 1],
];
const NOTE = [
  'CPU: of all processes of the server together, and of redis-server.',
  'Operations: all commands that Redis counts, also the commands inside of scripts.',
  'The figures include the polls after a broadcast, and the report of each process once a second.',
  'Silence: no poll ends meanwhile.',
].join(' ');

interface SetUp {
  servers: Running[];
  crowd: Crowd;
  redis: RedisServer | null;
}

/**
 * The processor time of the servers' processes, µs (cpu), and of Redis, µs (redis); the number of
 * operations of Redis (commands); the bytes that were sent to Redis (bytes).
 */
interface Cost {
  cpu: number;
  redis: number;
  commands: number;
  bytes: number;
}

/** Reads the cost so far. */
async function read({ servers, redis }: SetUp): Promise<Cost> {
  const readings = await Promise.all(servers.map(server => server.ask('cpu')));
  const { cpu, commands, bytes } = redis
    ? await redis.readings()
    : { cpu: 0, commands: {}, bytes: 0 };
  // The benchmark itself sends info and ping.
  const all = Object.entries(commands).filter(([name]) => !/^(info|ping)$/.test(name));
  return {
    cpu: readings.reduce((sum, one) => sum + one.cpu, 0),
    redis: cpu,
    commands: all.reduce((sum, [, calls]) => sum + calls, 0),
    bytes,
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
    bytes: after.bytes - before.bytes,
  };
}

async function warmUp({ crowd, servers }: SetUp): Promise<void> {
  const messages = exchangeAll(crowd, echo, WARM_UP * servers.length);
  await crowd.orFailure(within(LONGEST, 'the answers to warm up', messages));
}

/** One row of the table: a kind of server, the number of its processes and of its clients. */
interface Case {
  kind: Kind;
  count: number;
  clients: number;
}

/** Measures a set-up. If a step fails, `figures` has the figures of the steps before it. */
async function measure(
  setUp: SetUp, clients: number, figures: Figures, quick: boolean,
): Promise<void> {
  const { crowd } = setUp;
  await within(LONGEST, 'the clients to come', crowd.add(clients));
  await warmUp(setUp);
  const slowest: number[] = [];
  const broadcasts = async () => {
    for (let i = 0; i < BROADCASTS; i++) {
      slowest.push(Math.max(...await tell(crowd)));
      await sleep(50); // until all clients poll again
    }
  };
  await measureCost(setUp, broadcasts);
  slowest.splice(0);
  const telling = await measureCost(setUp, broadcasts);
  const deliveries = BROADCASTS * clients;
  figures.ms = Number(middle(slowest, 3));
  figures.deliveryCpu = telling.cpu / deliveries;
  figures.deliveryRedis = telling.redis / deliveries;
  figures.deliveryCommands = telling.commands / BROADCASTS;
  figures.deliveryBytes = telling.bytes / BROADCASTS;
  figures.broadcastRedis = telling.redis / BROADCASTS;

  const talking = await measureCost(setUp, () => exchangeAll(crowd, echo, MESSAGES));
  figures.echoCpu = talking.cpu / MESSAGES;
  figures.echoRedis = talking.redis / MESSAGES;
  figures.echoCommands = talking.commands / MESSAGES;

  await sleep(1000); // until the work of the messages is done
  const [begun, time] = [performance.now(), quick ? 3000 : 10000];
  const silent = await measureCost(setUp, () => sleep(time));
  figures.idleCommands = silent.commands / clients / (performance.now() - begun) * 60000;
}

/**
 * Runs one round of a set-up.
 * @returns the error; '' if there was none
 */
async function run(one: Case, figures: Figures, quick: boolean): Promise<string> {
  const { kind, count, clients } = one;
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
    await measure({ servers, redis, crowd }, clients, figures, quick);
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
 * Measures a set-up in several rounds.
 * @returns the row of the table. If another server than this template fails, the title of the row
 *   has the error
 * @throws Error if this template fails
 */
async function row(one: Case, rounds: number, quick: boolean): Promise<string[]> {
  const { kind, count, clients } = one;
  const name = `${kind.name} × ${count}, ${clients} clients`;
  const all: Figures[] = [];
  const errors = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    showProgress(`processes, round ${round + 1} of ${rounds}: ${name} `);
    const figures: Figures = {};
    all.push(figures);
    const error = await run(one, figures, quick);
    if (error === '') continue;
    if (kind.name.startsWith('ours')) throw new Error(`processes with ${name}: ${error}`);
    errors.add(error.split('\n')[0]!);
  }
  showProgress('');
  const processes = count === 1 ? '1 process, no Redis' : `${count} processes`;
  const failed = errors.size > 0 ? `: ${[...errors].join('; ')}` : '';
  const crowd = clients === CLIENTS ? '' : `, ${clients} clients`;
  return [`${kind.title}, ${processes}${crowd}${failed}`, ...COLUMNS.map(([figure, , digits]) => {
    const values = all.filter(figures => figure in figures).map(figures => figures[figure]!);
    const isOfRedis = /Redis|Commands|Bytes/.test(figure);
    return values.length === 0 || (count === 1 && isOfRedis) ? '–' : middle(values, digits);
  })];
}

/**
 * Compares the set-ups of some servers.
 * @returns a table, or the reason why there is none; '' if no server has a row
 */
async function compare(kinds: Kind[], rounds: number, quick: boolean): Promise<string> {
  const title = `**Several processes that share ${CLIENTS} clients by Redis**`;
  const redis = await launchRedis();
  if (!redis) return `${title}\n\nleft out: redis-server is missing`;
  await redis.stop();
  const rows: string[][] = [];
  const own = quick ? 1 : Math.min(rounds, MAX_ROUNDS);
  for (const kind of kinds.filter(({ over }) => !over)) {
    const name = kind.name.replace(otherName(''), '');
    for (const count of PROCESSES[name] ?? []) {
      const crowds = name === 'ours-realtime' && count > 1 ? CROWDS : [];
      for (const clients of [CLIENTS, ...crowds]) {
        rows.push(await row({ kind, count, clients }, own, quick));
      }
    }
  }
  if (rows.length === 0) return '';
  const table = grid(['', ...COLUMNS.map(([, head]) => head)], rows);
  const medians = own > 1 ? ` Medians of ${own} rounds.` : '';
  return `${title}\n\n${table}\n\n${NOTE}${medians}`;
}

export const processes = { name: 'processes', compare };
