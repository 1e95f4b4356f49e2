import { Script } from './redis';

/*
 * The scripts that Redis runs, for commits.ts and take.ts. What is in Redis, under the application's prefix:
 *   s:<session>  hash: owner (a process); term (how often it has been taken over); at (the list has what the bus had for it up to that
 *                position; '!' before it: the owner has not written it yet, and what it says of all its sessions is not true of this one);
 *                received (number); first (number of the first message kept); handshake, rooms, data, asked, state (JSON)
 *   o:<session>  list: the messages kept for the client
 *   procs        hash: the position up to which the lists of all of a process's sessions go, how many clients it has, when it said so
 *   bus          stream: what goes to several sessions, or to one that may be anywhere
 */

/** How many entries the bus keeps: who takes over a session reads what its last process did not. */
export const BUS_ENTRIES = 10000;

/** How long it is kept that a session is over, s. */
const OVER = 60;

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
  local id, how, term, position, received, drop = take(), take(), count(), take(), take(), count()
  local key, list = prefix .. 's:' .. id, prefix .. 'o:' .. id
  local owner, known = unpack(redis.call('HMGET', key, 'owner', 'term'))
  local mine = owner == me and tonumber(known) == term
  -- Redis was empty, and who had it before wrote it first.
  if how == 'whole' and (not owner or term > tonumber(known)) then mine = true end
  if owner and not mine then
    table.insert(moved, id)
    elsewhere[id] = true
  elseif not mine and how ~= 'gone' then table.insert(unknown, id)
  end
  if mine and how ~= 'part' then redis.call('DEL', key, list) end
  if mine and how == 'gone' then
    -- So that who had it before, and has not heard of that yet, does not begin it anew.
    redis.call('HSET', key, 'owner', me, 'term', term, 'over', 1)
    redis.call('EXPIRE', key, ${OVER})
  end
  local write = mine and how ~= 'gone'
  if write then
    redis.call('HSET', key, 'owner', me, 'term', term, 'at', position, 'received', received)
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
 * Makes a process the owner of a session, unless its client has come with another handshake since. Gives it, what is kept for it, its last
 * owner, the position up to which that has what the bus had, and what it had after that.
 */
export const TAKE = new Script(`
local prefix, me, id, attempt = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key, bus = prefix .. 's:' .. id, prefix .. 'bus'
local owner, at, state, over = unpack(redis.call('HMGET', key, 'owner', 'at', 'state', 'over'))
if not owner or over or (attempt ~= '' and cjson.decode(state)[1] ~= attempt) then return false end
local function isAfter(one, other)
  local ms, number = string.match(one, '(%d+)-(%d+)')
  local otherMs, otherNumber = string.match(other, '(%d+)-(%d+)')
  if ms ~= otherMs then return tonumber(ms) > tonumber(otherMs) end
  return tonumber(number) > tonumber(otherNumber)
end
local said = redis.call('HGET', prefix .. 'procs', owner)
local all, clients, when = string.match(said or '', '^(%S+) (%d+) (%d+)$')
local position = string.match(at, '[%d-]+')
if position == at and all and isAfter(all, position) then position = all end
local since, length = redis.call('XRANGE', bus, position, '+'), redis.call('XLEN', bus)
-- All that there is came later, and there was more: some of it may be missing.
if length >= ${BUS_ENTRIES} and #since == length and since[1][1] ~= position then return false end
local term = redis.call('HINCRBY', key, 'term', 1)
redis.call('HSET', key, 'owner', me, 'at', '!' .. position)
-- If the owner is dead, it no longer counts this client; if not, it counts anew.
if owner ~= me and all then redis.call('HSET', prefix .. 'procs', owner, all .. ' ' .. math.max(clients - 1, 0) .. ' ' .. when) end
redis.call('XADD', bus, 'MAXLEN', '~', ${BUS_ENTRIES}, '*', 'e', cjson.encode({ moved = id, term = term }))
return { redis.call('HGETALL', key), redis.call('LRANGE', prefix .. 'o:' .. id, 0, -1), owner, position, since }
`);
