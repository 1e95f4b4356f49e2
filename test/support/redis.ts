import type { TestContext } from 'node:test';
import { available } from './available';
import { launchRedis, RedisServer } from '../../tools/redis-server';

/**
 * Starts a Redis that keeps nothing on the disk. Redis is gone when the test ends.
 * @returns null if Redis is not installed; the test is then skipped
 */
export async function startRedis(t: TestContext, password?: string): Promise<RedisServer | null> {
  const redis = await launchRedis(password);
  if (!available(t, 'redis-server', redis, false)) return null;
  t.after(redis!.kill);
  return redis;
}
