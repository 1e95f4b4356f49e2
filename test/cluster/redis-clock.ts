import type { RedisServer } from '../../tools/redis-server';

export const HOUR = 3600000;

const SCRIPT = `for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`;

/**
 * Changes the keys of Redis as if somebody set the clock of its machine. Redis deletes a key with a
 * time to live earlier or later then. The clock itself does not change. libfaketime could set the
 * clock for one process, but does not work with jemalloc, which gives redis-server its memory.
 * Apart from the keys, a server depends on the clock of Redis only for the time that XREAD waits.
 * @param by how far the clock is set forward, ms; less than 0 if it is set back
 */
export async function setClock(redis: RedisServer, by: number): Promise<void> {
  await redis.call('eval', SCRIPT, '0', String(by));
}
