import { Script } from './redis';

/*
 * The scripts that Redis runs, for commits.ts and take.ts. What is in Redis, under the application's prefix:
 *   s:<session>  hash: owner (a process), received (number), first (number of the first message kept), handshake, rooms, data, asked (JSON)
 *   o:<session>  list: the messages kept for the client
 *   procs        hash: a process's position in the bus, how many clients it has, and when it said so
 *   bus          stream: what goes to several sessions, or to one that may be anywhere
 */

/** How many entries the bus keeps: who takes over a session reads what its last process did not. */
export const BUS_ENTRIES = 10000;

/**
 * Writes all that has changed in a process, at once or not at all: what became of its sessions, and what it puts on the bus.
 * Gives the sessions that have another owner, and those that Redis does not know.
 */
export const COMMIT = new Script(`
local at = 0
local function take() at = at + 1 return ARGV[at] end
local function count() return tonumber(take()) end
local prefix, me, ttl, state = take(), take(), take(), take()
local moved, unknown, elsewhere = {}, {}, {}
for i = 1, count() do
  local id, how, received, drop = take(), take(), take(), count()
  local key, list = prefix .. 's:' .. id, prefix .. 'o:' .. id
  local owner = redis.call('HGET', key, 'owner')
  local mine = owner == me or (not owner and how == 'whole')
  if owner and not mine then
    table.insert(moved, id)
    elsewhere[id] = true
  elseif not mine and how ~= 'gone' then table.insert(unknown, id)
  end
  if mine and how ~= 'part' then redis.call('DEL', key, list) end
  local write = mine and how ~= 'gone'
  if write then
    redis.call('HSET', key, 'owner', me, 'received', received)
    if how == 'whole' then redis.call('HSET', key, 'first', drop)
    elseif drop > 0 then
      redis.call('LTRIM', list, drop, -1)
      redis.call('HINCRBY', key, 'first', drop)
    end
  end
  for j = 1, count() do
    local name, value = take(), take()
    if write then redis.call('HSET', key, name, value) end
  end
  for j = 1, count() do
    local packet = take()
    if write then redis.call('RPUSH', list, packet) end
  end
  if write then
    redis.call('EXPIRE', key, ttl)
    redis.call('EXPIRE', list, ttl)
  end
end
for i = 1, count() do
  local cause, entry = take(), take()
  if not elsewhere[cause] then redis.call('XADD', prefix .. 'bus', 'MAXLEN', '~', ${BUS_ENTRIES}, '*', 'e', entry) end
end
redis.call('HSET', prefix .. 'procs', me, state)
return { moved, unknown }
`);

/**
 * Makes a process the owner of a session. Gives it, what is kept for it, its last owner and its position, and what the bus had after
 * that.
 */
export const TAKE = new Script(`
local prefix, me, id, note = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key, bus = prefix .. 's:' .. id, prefix .. 'bus'
local owner = redis.call('HGET', key, 'owner')
if not owner then return false end
local state = redis.call('HGET', prefix .. 'procs', owner)
local position = state and string.match(state, '^[^ ]+')
if not position then return false end
local since, length = redis.call('XRANGE', bus, position, '+'), redis.call('XLEN', bus)
-- All that there is came later, and there was more: some of it may be missing.
if length >= ${BUS_ENTRIES} and #since == length and since[1][1] ~= position then return false end
redis.call('HSET', key, 'owner', me)
-- If the owner is dead, it no longer counts this client; if not, it counts anew.
local clients, at = string.match(state, ' (%d+) (%d+)$')
if owner ~= me then redis.call('HSET', prefix .. 'procs', owner, position .. ' ' .. math.max(clients - 1, 0) .. ' ' .. at) end
redis.call('XADD', bus, 'MAXLEN', '~', ${BUS_ENTRIES}, '*', 'e', note)
return { redis.call('HGETALL', key), redis.call('LRANGE', prefix .. 'o:' .. id, 0, -1), owner, position, since }
`);
