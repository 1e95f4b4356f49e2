import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { Front, startFront } from './front';
import type { RedisServer } from '../../tools/redis-server';
import { open, Process, startTwo, User } from './two';

export interface Scene {
  redis: RedisServer;
  client: User;
  /** The proxy between the client and the servers (front.ts). */
  front: Front;
  /** The process that has the client's session at the beginning. */
  here: Process;
  /** The process that the client goes to when the front turns. */
  there: Process;
}

async function setUp(t: TestContext): Promise<Scene | null> {
  const two = await startTwo(t);
  if (!two) return null;
  const { redis, processes } = two;
  const front = await startFront(processes.map(({ server }) => server.port));
  const client = await open(t, front.port);
  const [pid] = await client.ask('pid') as [number];
  const here = processes.find(({ server }) => server.process.pid === pid)!;
  return { redis, client, front, here, there: processes.find(one => one !== here)! };
}

/** Checks that this process answers the client now, and that the client has kept its session. */
export async function arrives(client: User, { server }: Process): Promise<void> {
  assert.deepEqual(await client.ask('pid'), [server.process.pid]);
  isSame(client);
}

/** Checks that the client still has its first session. */
export function isSame({ states }: User): void {
  const begun = states.filter(state => state === 'connected').length;
  assert.equal(begun, 1, 'the client keeps its session');
}

/** The result of a scene in which a busy machine has made something come too late. */
export const TOO_LATE = 'too late';
/** The number of times that a scene is tried in this case. */
const TRIES = 8;

/**
 * Defines a test with two servers and one client. A proxy between each server and Redis can hold
 * back the data or cut the connection (between.ts). Without redis-server, the test fails in CI, and
 * is skipped elsewhere.
 * @param run plays the scene. If it returns TOO_LATE, it is called again with a new client
 */
export function scene(
  name: string, run: (scene: Scene, t: TestContext) => Promise<void | typeof TOO_LATE>,
): void {
  void test(name, async t => {
    for (let time = 1; time <= TRIES; time++) {
      const made = await setUp(t);
      if (!made || await run(made, t) !== TOO_LATE) return;
    }
    assert.fail(`the machine was too slow ${TRIES} times`);
  });
}
