/* What Redis is asked to do, counted inside of scripts, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, startTwo, User } from './two';
import { until } from '../support/wait';

const BROADCASTS = 15;
const MORE = 12;

test('a broadcast costs Redis as much for many clients of realtime.js as for few', async t => {
  const two = await startTwo(t);
  if (!two) return;
  const { redis, processes } = two;
  const users: User[] = [];
  const openMore = async (count: number) => {
    for (let i = 0; i < count; i++) users.push(await open(t, processes[i % 2]!.server.port));
  };
  /** How many operations broadcasts are to Redis, with the polls that follow. */
  const operations = async () => {
    const count = async () => Object.values(await redis.commands()).reduce((sum, calls) => sum + calls, 0);
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
  // What processes say of themselves each second is in it. One operation a client would be 180 more.
  assert(many < few + BROADCASTS * MORE / 2, `${few} operations for 3 clients, ${many} for ${3 + MORE}`);
});
