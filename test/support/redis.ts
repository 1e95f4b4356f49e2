import type { TestContext } from 'node:test';
import { available } from './available';
import { launchRedis, RedisServer } from '../../tools/redis-server';

/** Starts a Redis that keeps nothing on the disk, until the test ends. Null, and the test is skipped, where there is none. */
export async function startRedis(t: TestContext, password?: string): Promise<RedisServer | null> {
  const redis = await launchRedis(password);
  if (!available(t, 'redis-server', redis, false)) return null;
  t.after(redis!.kill);
  return redis;
}
