import type { RedisServer } from '../../tools/redis-server';

export const HOUR = 3600000;

const SCRIPT = `for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`;

/**
 * Does to the keys of Redis what a clock does that is set: a key with a time to live is deleted
 * earlier or later. The clock itself stays as it is: libfaketime, which could set it for one
 * process, does not work with jemalloc, the memory of redis-server. A process notices nothing else
 * of Redis's clock but the time that XREAD waits.
 * @param by how far the clock is set forward, ms; less than 0 if it is set back
 */
export async function setClock(redis: RedisServer, by: number): Promise<void> {
  await redis.call('eval', SCRIPT, '0', String(by));
}
