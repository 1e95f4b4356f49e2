/*
 * Makes one run of the checker. The program Jepsen tests databases in the same way. Three servers
 * share a Redis, clients send and hear messages, and a seed decides the faults. Then judge.ts
 * compares all messages with the promise (docs/delivery.md). The checker does not know how the
 * servers keep the promise.
 */
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from '../../support/server';
import { deploy, Edit, emptyFolder } from '../../support/template';
import { Between, standBetween } from '../between';
import { startPatiently } from '../patiently';
import { HOUR, setClock } from '../redis-clock';
import { freePort } from '../../../tools/free-port';
import { launchRedis, RedisServer } from '../../../tools/redis-server';
import { judge, Verdict } from './judge';
import { openClients, Watched } from './clients';
import { Fault, MOVES, OF_REDIS, schedule } from './faults';

const APP: Edit = [
  'dist/app.js', /^[^]*$/, `exports.app = require(${JSON.stringify(path.join(__dirname, '..', 'app.js'))}).app;`,
];
const SERVERS = 3;
/**
 * The longest delay between a server and Redis, in each direction, ms. Other things can happen in
 * the time between a command and its answer.
 */
const AWAY = 30;
/** The time after which the proxies of the clients (front.ts) leave a paused server, ms. */
const NOTICED = 1000;

export interface Run { faults: Fault[]; verdict: Verdict; logs: string }

/**
 * Makes one run.
 * @param seconds the time in which clients send messages and faults begin, s
 * @param together whether a fault may begin while another fault lasts
 * @param edits changes of the built server: errors that the checker has to find (mutations.ts)
 * @param count the number of clients
 * @returns the faults, the verdict and the logs of the servers; null without redis-server
 */
export async function run(
  t: TestContext, seed: number, seconds: number, together: boolean, edits: Edit[] = [], count = 20,
): Promise<Run | null> {
  const redis = await launchRedis(undefined, emptyFolder(t, 'redis-'));
  if (!redis) return null;
  t.after(redis.kill);
  const folder = deploy(t, [APP, ...edits]);
  const betweens = await Promise.all(Array.from({ length: SERVERS }, () => standBetween(t, redis.port, AWAY)));
  const ports = await Promise.all(betweens.map(() => freePort()));
  let logs = '';
  const start = async (i: number) => {
    const env = { REDIS_URL: betweens[i]!.url, PORT: String(ports[i]), NUMBERS_EVERY: '300' };
    const server = await startPatiently(t, folder, env);
    server.process.once('exit', () => { logs += `server ${i}:\n${server.output()}\n`; });
    return server;
  };
  const servers = await Promise.all(ports.map((_port, i) => start(i)));
  const died = watch(servers);

  let began = 0;
  const clients = await openClients(t, count, ports, () => Date.now() - began);
  await wait(60, () => clients.every(({ numbers }) => numbers.length > 0));
  await sleep(500);
  began = Date.now();
  for (const client of clients) client.begin();
  const time = () => Date.now() - began;

  const faults = schedule(seed, seconds * 1000, together);
  const scene = { servers, betweens, redis, clients, start, ports, died, ahead: 0 };
  let redisIsFree = Promise.resolve();
  await Promise.all(faults.map(async fault => {
    await sleep(fault.at);
    const make = async () => {
      fault.at = time();
      await act(fault, scene);
      fault.lasts = time() - fault.at;
    };
    if (!OF_REDIS.includes(fault.what)) return make();
    redisIsFree = redisIsFree.then(make);
    await redisIsFree;
  }));
  await sleep(Math.max(0, began + seconds * 1000 - Date.now()));
  for (const client of clients) client.stop();
  const told = clients.reduce((sum, client) => sum + client.sent('tell'), 0);
  // Waits until all messages have come, or no message has come for 15 s. A lost message never
  // comes, and the promise may excuse the loss.
  let [heard, since] = [0, performance.now()];
  await wait(60, () => {
    const now = clients.reduce((sum, client) => sum + client.heard, 0);
    if (now !== heard) [heard, since] = [now, performance.now()];
    return clients.every(client => client.hasAll(told)) || performance.now() - since > 15000;
  });
  await sleep(2000); // time for messages that come twice
  for (const client of clients) client.finish();
  await wait(30, () => clients.every(({ served }) => served !== null));
  await sleep(500);
  const shift = <T extends { from: number; to: number }>(one: T): T => {
    return { ...one, from: one.from - began, to: one.to - began };
  };
  for (const { trips } of clients) trips.splice(0, trips.length, ...trips.map(shift));
  const verdict = judge(clients, faults, betweens.map(({ silences }) => silences.map(shift)));
  if (died.size > 0) verdict.violations.push(`a process has ended by itself: ${[...died].join()}`);
  for (const [i, server] of servers.entries()) {
    logs += `server ${i}:\n${server.output()}\n`;
    server.process.kill('SIGKILL');
  }
  redis.kill();
  return { faults, verdict, logs };
}

interface Scene {
  servers: Running[];
  betweens: Between[];
  redis: RedisServer;
  clients: Watched[];
  start: (i: number) => Promise<Running>;
  ports: number[];
  died: Set<number>;
  /** How far the clock of Redis is ahead, ms. */
  ahead: number;
}

/**
 * @returns the indexes of the servers that have ended by themselves. The set grows while the
 * servers run. A server that the checker kills has no exit code
 */
function watch(servers: Running[]): Set<number> {
  const died = new Set<number>();
  servers.forEach((server, i) => server.process.once('exit', code => {
    if (code !== null) died.add(i);
  }));
  return died;
}

/** Makes a fault happen, and waits until the fault is over. */
async function act({ what, lasts, server: i }: Fault, scene: Scene): Promise<void> {
  const { servers, betweens, redis } = scene;
  const server = servers[i]!;
  switch (what) {
    case 'kill':
    case 'away':
      server.process.kill('SIGKILL');
      await sleep(what === 'kill' ? 500 : lasts);
      servers[i] = await scene.start(i);
      servers[i]!.process.once('exit', code => { if (code !== null) scene.died.add(i); });
      return;
    case 'pause':
      server.process.kill('SIGSTOP');
      await sleep(NOTICED);
      for (const { front } of scene.clients) front.leave(scene.ports[i]!);
      await sleep(lasts - NOTICED);
      server.process.kill('SIGCONT');
      return;
    case 'clock':
      for (const { process } of servers) process.kill('SIGUSR2');
      scene.ahead = 12 * HOUR - scene.ahead;
      await setClock(redis, 2 * scene.ahead - 12 * HOUR);
      return;
    case 'empty':
    case 'older':
    case 'restart':
      if (what === 'older') await redis.call('save');
      if (what === 'older') await sleep(1500);
      if (what === 'restart') await saveAll(redis);
      await redis.stop();
      if (what === 'empty') redis.forget();
      await sleep(lasts / 4);
      await redis.start();
      return;
    case 'stop':
      await saveAll(redis);
      await redis.stop();
      await sleep(lasts);
      await redis.start();
      return;
    case 'freeze':
      redis.freeze();
      await sleep(lasts);
      redis.thaw();
      return;
    case 'full':
      await redis.call('config', 'set', 'maxmemory', '1');
      await sleep(lasts);
      await redis.call('config', 'set', 'maxmemory', '0');
      return;
    case 'cut':
      for (let n = 0; n < 5; n++) {
        betweens[i]!.cut();
        await sleep(lasts / 5);
      }
      return;
    case 'slow':
      for (const between of betweens) between.delay(200);
      await sleep(lasts);
      for (const between of betweens) between.delay(AWAY);
      return;
    case 'lag':
      // The server reads the bus late, and Redis answers its commands as fast as before.
      betweens[i]!.delay(1000, 'bus');
      await sleep(lasts);
      betweens[i]!.delay(AWAY, 'bus');
      return;
  }
}

/**
 * Makes Redis save its data. Redis changes no data after that, because its clients cannot write. So
 * Redis has all its data again after the restart.
 */
async function saveAll(redis: RedisServer): Promise<void> {
  await redis.call('client', 'pause', '60000', 'write');
  await redis.call('save');
}

async function wait(seconds: number, is: () => boolean): Promise<void> {
  for (const end = performance.now() + seconds * 1000; !is() && performance.now() < end;) await sleep(100);
}

/** @returns the schedule as text, with one line for each fault */
export function describe(faults: Fault[]): string {
  return faults.map(({ what, at, lasts, server }) => {
    const where = [...MOVES, 'cut', 'lag'].includes(what) ? ` ${server}` : '';
    return `${(at / 1000).toFixed(1)} s: ${what}${where} for ${(lasts / 1000).toFixed(1)} s`;
  }).join('\n');
}
