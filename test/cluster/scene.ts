import assert from 'node:assert/strict';
import { test, TestContext } from 'node:test';
import { Front, startFront } from './front';
import type { RedisServer } from '../../tools/redis-server';
import { open, Process, startTwo, User } from './two';

export interface Scene {
  redis: RedisServer;
  client: User;
  /** What the client is behind. */
  front: Front;
  /** Where it is, and where it will be when the front turns. */
  here: Process;
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

/** Waits until the client has gone to that process, and its session with it. */
export async function arrives(client: User, { server }: Process): Promise<void> {
  assert.deepEqual(await client.ask('pid'), [server.process.pid]);
  isSame(client);
}

/** The client has its first session still. */
export function isSame({ states }: User): void {
  const begun = states.filter(state => state === 'connected').length;
  assert.equal(begun, 1, 'its session went along');
}

/**
 * A test with one client of two servers, each with something between it and Redis; skipped without
 * redis-server.
 */
export function scene(name: string, run: (scene: Scene, t: TestContext) => Promise<void>): void {
  void test(name, async t => {
    const made = await setUp(t);
    if (made) await run(made, t);
  });
}
