/* What Redis is asked to do, counted inside of scripts, too. */
import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { open, startTwo, User } from './two';
import { until } from '../support/wait';

/** How many operations so many broadcasts are to Redis, with the polls that follow. */
async function operations(t: TestContext, clients: number, broadcasts: number): Promise<number | null> {
  const two = await startTwo(t);
  if (!two) return null;
  const { redis, servers } = two;
  const users: User[] = [];
  for (let i = 0; i < clients; i++) users.push(await open(t, servers[i % 2]!.port));
  const count = async () => Object.values(await redis.commands()).reduce((sum, calls) => sum + calls, 0);
  const before = await count();
  for (let i = 1; i <= broadcasts; i++) {
    users[0]!.emit('all', String(i));
    await until(() => users.every(({ heard }) => heard.length === i), 'a broadcast');
  }
  return await count() - before;
}

test('a broadcast costs Redis as much for many clients of realtime.js as for few', async t => {
  const [few, many] = [await operations(t, 3, 40), await operations(t, 23, 40)];
  if (few === null || many === null) return;
  t.diagnostic(`40 broadcasts: ${few} operations for 3 clients, ${many} for 23`);
  // What processes say of themselves each second is in it. One operation a client would be 800 more.
  assert(many < few + 400, `${few} operations for 3 clients, ${many} for 23`);
});
