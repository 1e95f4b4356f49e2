--[[
All that a process writes, at once or not at all. README.md says what the fields mean.

KEYS
  1    procs
  2    bus:<epoch>
  3 …  the row of each session that is written, then of each that is taken over

ARGV
  1    the process
  2    the epoch that it knows, '' for none
  3    the number of this commit: 1 for the first one in an epoch, then the next
  4    a name that nobody has used, for a new epoch
  5    what the process says of itself: '<beats> <clients> <read> <last entry>'
  6    for how long a row is kept that nobody writes, s
  7    the position up to which all processes have read the bus, as far as this one knows
  8    how many entries the bus keeps that all have read
  9    how many entries it keeps at most, those of this commit apart
  10   '1' if the process wants to know what the others say of themselves
  11   how many sessions are written; for each:
         how; its term; how many fields, then names and values in turn; how many fields go, then
         their names. How: 'part' and 'gone' (it has ended) if the row has to be there, 'whole' and
         'over' (it has ended) for one that is not written in this epoch yet
  …    how many sessions are taken over; for each:
         its id; the handshake that its client came with, '' for any
  …    how many entries there are; for each:
         which of the sessions has caused it (1 for the first, 0 for none); the entry

Result
  { 'done', outcome, rows, says }
    outcome  a letter for each session that is written, then for each that is taken over:
             w  it is written
             m  it is not: it has moved, or has ended
             t  it is taken over
             n  it is not: there is none, it ends with this commit, or it is not of this handshake
             o  it is not yet: the row is of an old epoch, and its process may write it again
    rows     of each t the row, names and values in turn; empty if it has been taken away since
    says     names and values of procs in turn, if they are wanted
  { 'lost', epoch, says }
    Nothing is written. The process begins anew in this epoch.
]]
local procs, bus = KEYS[1], KEYS[2]
local me, epoch, number, fresh, says = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local ttl, read, kept, most = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local curious = ARGV[10] == '1'

local argument = 10
local function take()
  argument = argument + 1
  return ARGV[argument]
end
local function count()
  return tonumber(take())
end

local current, mine, tail = unpack(redis.call('HMGET', procs, 'epoch', me, 'tail'))
local known, outcome = string.match(mine or '0 -', '^(%d+) (%S+)')
known = tonumber(known)

if not current or (current == epoch and number > known + 1) then
  -- Redis was restarted empty, or with data that is older than this process knows.
  redis.call('DEL', procs, bus)
  redis.call('HSET', procs, 'epoch', fresh, 'tail', 0)
  current = fresh
end
if current ~= epoch then
  return { 'lost', current, redis.call('HGETALL', procs) }
end

-- What is written: read it all, and decide, before anything changes.
local letters, written, taken = {}, {}, {}
local key = 2
for i = 1, count() do
  key = key + 1
  local write = { key = KEYS[key], how = take(), term = count(), gone = {} }
  write.fields = { 'owner', me, 'term', write.term, 'epoch', epoch }
  for _ = 1, 2 * count() do table.insert(write.fields, take()) end
  for j = 1, count() do write.gone[j] = take() end
  written[i] = write
end
for i = 1, count() do
  key = key + 1
  taken[i] = { key = KEYS[key], id = take(), try = take() }
end

local again = number <= known
local ends = {} -- the rows that go with this commit: they are not taken over by it as well
if not again then
  for i, write in ipairs(written) do
    local owner, term, since = unpack(redis.call('HMGET', write.key, 'owner', 'term', 'epoch'))
    local isMine = owner == me and tonumber(term) == write.term
    local counts = isMine and since == epoch
    if write.how == 'whole' or write.how == 'over' then
      counts = isMine or not owner or tonumber(term) < write.term
    end
    letters[i] = counts and 'w' or 'm'
    if counts and (write.how == 'gone' or write.how == 'over') then ends[write.key] = true end
  end
  for _, one in ipairs(taken) do
    local owner, term, since, try = unpack(
      redis.call('HMGET', one.key, 'owner', 'term', 'epoch', 'try'))
    local letter = 't'
    if not owner or ends[one.key] then letter = 'n'
    elseif since ~= epoch then letter = 'o'
    elseif one.try ~= '' and one.try ~= try then letter = 'n'
    end
    one.term = tonumber(term)
    table.insert(letters, letter)
  end
  outcome = '-' .. table.concat(letters)
  -- The first thing that changes, which a Redis without memory refuses: then nothing has changed.
  redis.call('HSET', procs, me, number .. ' ' .. outcome .. ' ' .. says)
end
local function letterOf(i) return string.sub(outcome, i + 1, i + 1) end

-- Lua calls a function with 8,000 values at most.
local function inParts(command, row, values)
  for i = 1, #values, 1000 do
    redis.call(command, row, unpack(values, i, math.min(i + 999, #values)))
  end
end

local function put(entry)
  tail = tail + 1
  redis.call('XADD', bus, tail .. '-0', 'e', entry)
end

if not again then
  -- By the tail, and not by what this process has read: a commit may have brought more than is kept.
  redis.call('XTRIM', bus, 'MAXLEN', '~', math.min(kept + math.max(tail - read, 0), most))
  for i, write in ipairs(written) do
    if letterOf(i) == 'w' then
      if write.how ~= 'part' then redis.call('DEL', write.key) end
      if write.how == 'whole' or write.how == 'part' then
        inParts('HSET', write.key, write.fields)
        inParts('HDEL', write.key, write.gone)
        redis.call('EXPIRE', write.key, ttl)
      end
    end
  end
  for i, one in ipairs(taken) do
    if letterOf(#written + i) == 't' then
      put(cjson.encode({ moved = one.id, term = one.term + 1 }))
      redis.call('HSET', one.key, 'owner', me, 'term', one.term + 1, 'taken', tail)
    end
  end
  for _ = 1, count() do
    local cause, entry = count(), take()
    if cause == 0 or letterOf(cause) == 'w' then put(entry) end
  end
  redis.call('HSET', procs, 'tail', tail)
end

local rows = {}
for i, one in ipairs(taken) do
  if letterOf(#written + i) == 't' then
    local isMine = redis.call('HGET', one.key, 'owner') == me
    table.insert(rows, isMine and redis.call('HGETALL', one.key) or {})
  end
end
return { 'done', string.sub(outcome, 2), rows, curious and redis.call('HGETALL', procs) or {} }
