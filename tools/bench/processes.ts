/* What several processes that share their clients by Redis cost. Each client stays with one of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { launchRedis, RedisServer } from '../../test/cluster/redis-server';
import { Crowd } from './client';
import { Figures, within } from './load';
import { echo, exchangeAll, tell } from './messages';
import { grid, middle } from './report';
import { Running, start } from './running';
import type { Kind } from './servers';

/** By server: how many processes it has in each set-up. One does without Redis. */
const PROCESSES: Record<string, number[]> = { ours: [1, 2, 4], 'ours-realtime': [1, 2, 4], 'stock-quiet': [1, 2] };
/** With more rounds than that it would take too long. */
const MOST_ROUNDS = 3;
const CLIENTS = 200;
/** What is told to all is to cost Redis as much for many clients as for few. */
const CROWDS = [100, 500, 2000];
const BROADCASTS = 20;
const MESSAGES = 2000;
/** For each process: they are all to be as warm as one that is alone. */
const WARM_UP = 4000;
/** Whatever takes longer will not happen any more, s. */
const LONGEST = 20;

const COLUMNS: [figure: string, title: string, digits: number][] = [
  ['ms', 'broadcast: ms until it has reached all', 1], ['deliveryCpu', 'µs CPU a delivery', 1], ['deliveryRedis', 'of Redis', 1],
  ['deliveryCommands', 'operations a broadcast', 1], ['deliveryBytes', 'bytes to Redis', 0], ['broadcastRedis', 'µs of Redis a broadcast', 0], ['echoCpu', 'echo: µs CPU a message', 1], ['echoRedis', 'of Redis', 1],
  ['echoCommands', 'operations a message', 2], ['idleCommands', 'silence: operations a client and minute', 1],
];
const NOTE = 'CPU: of all processes of the server together, and of redis-server. Operations: all that Redis counts, inside of scripts too, with ' +
  'the polls that follow and with what the processes say of themselves once a second. Silence: no poll ends meanwhile.';

interface SetUp {
  servers: Running[];
  crowd: Crowd;
  redis: RedisServer | null;
}

interface Taken { cpu: number; redis: number; commands: number; bytes: number }

/** What all have taken so far. */
async function read({ servers, redis }: SetUp): Promise<Taken> {
  const taken = await Promise.all(servers.map(server => server.ask('cpu')));
  const { cpu, commands, bytes } = redis ? await redis.readings() : { cpu: 0, commands: {}, bytes: 0 };
  const all = Object.entries(commands).filter(([name]) => !/^(info|ping)$/.test(name));
  return {
    cpu: taken.reduce((sum, one) => sum + one.cpu, 0), redis: cpu, bytes,
    commands: all.reduce((sum, [, calls]) => sum + calls, 0),
  };
}

/** What all take while this is done. */
async function cost(setUp: SetUp, act: () => Promise<unknown>): Promise<Taken> {
  const before = await read(setUp);
  await setUp.crowd.orFailure(within(LONGEST, 'all that is to arrive', act()));
  const after = await read(setUp);
  return {
    cpu: after.cpu - before.cpu, redis: after.redis - before.redis,
    commands: after.commands - before.commands, bytes: after.bytes - before.bytes,
  };
}

async function warmUp({ crowd, servers }: SetUp): Promise<void> {
  await crowd.orFailure(within(LONGEST, 'the answers to warm up', exchangeAll(crowd, echo, WARM_UP * servers.length)));
}

/** Fills in what is measured, as far as it comes. */
async function measure(setUp: SetUp, figures: Figures, quick: boolean, clients: number): Promise<void> {
  const { crowd } = setUp;
  await within(LONGEST, 'the clients to come', crowd.add(clients));
  await warmUp(setUp);
  const slowest: number[] = [];
  const broadcasts = async () => {
    for (let i = 0; i < BROADCASTS; i++) {
      slowest.push(Math.max(...await tell(crowd)));
      await sleep(50); // until all poll again
    }
  };
  await cost(setUp, broadcasts);
  slowest.splice(0);
  const telling = await cost(setUp, broadcasts);
  const deliveries = BROADCASTS * clients;
  figures.ms = Number(middle(slowest, 3));
  figures.deliveryCpu = telling.cpu / deliveries;
  figures.deliveryRedis = telling.redis / deliveries;
  figures.deliveryCommands = telling.commands / BROADCASTS;
  figures.deliveryBytes = telling.bytes / BROADCASTS;
  figures.broadcastRedis = telling.redis / BROADCASTS;

  const talking = await cost(setUp, () => exchangeAll(crowd, echo, MESSAGES));
  figures.echoCpu = talking.cpu / MESSAGES;
  figures.echoRedis = talking.redis / MESSAGES;
  figures.echoCommands = talking.commands / MESSAGES;

  await sleep(1000); // what is left of it
  const [begun, time] = [performance.now(), quick ? 3000 : 10000];
  const silent = await cost(setUp, () => sleep(time));
  figures.idleCommands = silent.commands / clients / (performance.now() - begun) * 60000;
}

/** One round of a set-up. Gives what went wrong, if something did. */
async function run(kind: Kind, count: number, figures: Figures, quick: boolean, clients: number): Promise<string> {
  const redis = count > 1 ? await launchRedis() : null;
  const servers: Running[] = [];
  let crowd: Crowd | null = null;
  try {
    for (let i = 0; i < count; i++) {
      const env = { ...kind.env, ...redis ? { REDIS_URL: redis.url } : {} };
      servers.push(await start({ ...kind, name: `${kind.name}-${i + 1}-of-${count}`, env }));
    }
    crowd = new Crowd(servers.map(({ port }) => port), kind.client);
    await measure({ servers, redis, crowd }, figures, quick, clients);
    return '';
  } catch (error) {
    return servers.some(server => server.died()) ? 'died' : (error as Error).message;
  } finally {
    crowd?.close();
    for (const server of servers) await server.stop();
    await redis?.stop();
  }
}

/** @throws if one of ours does something wrong: of another it is a result */
async function row(kind: Kind, count: number, rounds: number, quick: boolean, clients = CLIENTS): Promise<string[]> {
  const all: Figures[] = [];
  const wrong = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kprocesses, round ${round + 1} of ${rounds}: ${kind.name} × ${count} `);
    const figures: Figures = {};
    all.push(figures);
    const what = await run(kind, count, figures, quick, clients);
    if (what !== '' && kind.name.startsWith('ours')) throw new Error(`processes with ${kind.name} × ${count}: ${what}`);
    if (what !== '') wrong.add(what.split('\n')[0]!);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const title = `${kind.title}, ${count === 1 ? '1 process, no Redis' : `${count} processes`}${clients === CLIENTS ? '' : `, ${clients} clients`}${wrong.size > 0 ? `: ${[...wrong].join('; ')}` : ''}`;
  return [title, ...COLUMNS.map(([figure, , digits]) => {
    const values = all.filter(figures => figure in figures).map(figures => figures[figure]!);
    return values.length === 0 || (count === 1 && /Redis|Commands|Bytes/.test(figure)) ? '–' : middle(values, digits);
  })];
}

/** Compares the set-ups of these servers. Gives a table, or says why there is none. */
async function compare(kinds: Kind[], rounds: number, quick: boolean): Promise<string> {
  const title = `**Several processes that share ${CLIENTS} clients by Redis**`;
  const redis = await launchRedis();
  if (!redis) return `${title}\n\nleft out: redis-server is missing`;
  await redis.stop();
  const rows: string[][] = [];
  const most = quick ? 1 : Math.min(rounds, MOST_ROUNDS);
  for (const kind of kinds.filter(({ over }) => !over)) {
    for (const count of PROCESSES[kind.name] ?? []) {
      rows.push(await row(kind, count, most, quick));
      if (kind.name !== 'ours-realtime' || count === 1) continue;
      for (const clients of CROWDS) rows.push(await row(kind, count, most, quick, clients));
    }
  }
  return `${title}\n\n${grid(['', ...COLUMNS.map(([, head]) => head)], rows)}\n\n${NOTE}${most > 1 ? ` Medians of ${most} rounds.` : ''}`;
}

export const processes = { name: 'processes', compare };
