/*
 * Tests the number of commands that Redis gets. Other tests have a Redis that is frozen, that is
 * gone or that has much to do. Clients keep their sessions then, and no process ends.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOUR, setClock } from './redis-clock';
import { arrives, scene } from './scene';
import { open, Process, startTwo, User } from './two';
import { Keys } from '../../src/realtime/cluster/commit';
import { event, join, split } from '../support/raw';
import { request } from '../support/request';
import { appPath, resource } from '../support/template';
import { until } from '../support/wait';

const names = new Keys(appPath);

const BROADCASTS = 15;
const MORE = 12;
/**
 * The number of operations that Redis counts for the commit that a process sends once a second.
 * Exactly one of these operations is HGETALL, and other commits have no HGETALL. So the test can
 * count these commits, and subtract their operations.
 */
const BEAT = 7;

/** @returns the state of Redis on the health page of a process, such as 'ok' or 'gone' */
async function redisInHealth({ server }: Process): Promise<string> {
  return (await (await fetch(`${server.page}health`)).json() as { redis: string }).redis;
}

test('a broadcast costs Redis as much for 15 clients of realtime.js as for 3', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const { redis, processes } = two;
  const users: User[] = [];
  const openMore = async (count: number) => {
    for (let i = 0; i < count; i++) users.push(await open(t, processes[i % 2]!.server.port));
  };
  /** @returns how many operations Redis carries out for the broadcasts and the polls after them */
  const operations = async () => {
    const count = async () => {
      const commands = await redis.commands();
      const all = Object.values(commands).reduce((sum, calls) => sum + calls, 0);
      return all - BEAT * commands.hgetall!;
    };
    const before = await count();
    const had = users.map(({ heard }) => heard.length);
    for (let i = 1; i <= BROADCASTS; i++) {
      users[0]!.emit('all', String(i));
      await until(() => users.every(({ heard }, user) => heard.length === had[user]! + i), 'a broadcast');
    }
    return await count() - before;
  };
  await openMore(3);
  const few = await operations();
  await openMore(MORE);
  const many = await operations();
  t.diagnostic(`${BROADCASTS} broadcasts: ${few} operations for 3 clients, ${many} for ${3 + MORE}`);
  // If a broadcast cost one operation for each client, `many` would be 180 more than `few`.
  assert(many < few + BROADCASTS * MORE / 2, `${few} operations for 3 clients, ${many} for ${3 + MORE}`);
});

test('20 messages of one turn are one commit; polls cost none, and who only listens is not written', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const { redis, processes: [here, there] } = two;
  const listener = await open(t, there.server.port);
  const [listens] = await listener.ask('join', 'a room') as [string];
  const { port } = here.server;
  const query = (got: number) => `?got=${got}&try=1`;
  const shaken = await request({ port, path: `${resource}/1/${query(0)}` });
  const path = `${resource}/1/xhr-polling/${shaken.text.split(':')[0]}`;
  await request({ port, path: path + query(0) });
  /**
   * @returns the number of commits so far, without the commits that each process sends once a
   * second. Only the commits of each second have an HGETALL
   */
  const commits = async () => {
    const { evalsha, hgetall } = await redis.commands();
    return evalsha! - hgetall!;
  };
  // Sessions of the earlier test may still end. The end of a session is a commit.
  let before = -1;
  await until(async () => {
    const last = before;
    before = await commits();
    if (before !== last) await sleep(1500);
    return before === last;
  }, 'a Redis to which nobody writes');
  const row = () => redis.call('dump', names.session(listens));
  const rowBefore = await row();
  const packets = Array.from({ length: 20 }, (_, i) => event('add', [String(i)], `${i + 1}+`));
  await request({ port, path: path + query(0), method: 'POST' }, join(packets));
  await until(() => listener.heard.length === 20, 'all texts');
  // The client gets 20 texts and 20 acknowledgements. Each of them has a number.
  for (let got = 0; got < 40;) {
    const { text } = await request({ port, path: path + query(got) });
    got += split(text).filter(packet => /^[56]:\d+:/.test(packet)).length;
  }
  await sleep(1500); // the listener's next poll says which texts have arrived
  assert.equal(await commits() - before, 1);
  assert.equal(await row(), rowBefore);
});

describe('Redis in trouble', () => {
  scene('frozen while a POST is under way: the process answers its client without Redis', async ({ client, here }) => {
    here.redis.hold('commands');
    client.emit('never');
    await until(() => /Redis does not answer/.test(here.server.output()), 'the process to notice');
    assert.equal(await redisInHealth(here), 'gone');
    client.emit('all', 'hello');
    assert.deepEqual(await client.ask('pid'), [here.server.process.pid]);
    assert.deepEqual(client.heard, [], 'an event for all waits for Redis');
    here.redis.release();
    await until(() => /Redis is back/.test(here.server.output()), 'Redis to be back');
    assert.equal(await redisInHealth(here), 'ok');
    await until(() => client.heard.length > 0, 'the event for all');
    await client.ask('get');
    assert.deepEqual([client.heard, client.states], [['hello'], ['connecting', 'connected']]);
  });

  scene('gone before a killed process counts as dead: the other lives on', async ({ redis, client, front, here, there }) => {
    void client.ask('never');
    await client.ask('get');
    here.server.process.kill('SIGKILL');
    front.turn();
    await arrives(client, there);
    await redis.stop();
    await sleep(7000);
    const { exitCode, signalCode } = there.server.process;
    assert.deepEqual([exitCode, signalCode], [null, null]);
    await redis.start();
  });

  scene('its clock is set forward by 23 hours, and back by 46: nothing is lost', async ({ redis, client, front, here, there }) => {
    await client.ask('set', 1);
    await setClock(redis, 23 * HOUR);
    front.turn();
    await arrives(client, there);
    assert.deepEqual(await client.ask('get'), [1, true]);
    await setClock(redis, -46 * HOUR);
    front.turn();
    await arrives(client, here);
    assert.deepEqual(await client.ask('get'), [1, true]);
  });

  scene('12,000 messages at once, and one before the session ends: all arrive', async ({ client, here }, t) => {
    const other = await open(t, here.server.port);
    const [id] = await other.ask('join', 'a room') as [string];
    client.emit('many', id, 12000);
    await until(() => other.heard.length === 12000, 'all 12,000');
    client.emit('kick', id);
    await until(() => other.states.at(-1) === 'disconnected', 'the end of the session');
    assert.deepEqual([other.heard.length, other.heard[0], other.heard.at(-1)], [12001, '1', 'bye']);
  });
});
