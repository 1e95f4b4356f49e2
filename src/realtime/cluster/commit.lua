--[[
Writes a commit of one process: all of it, or nothing. README.md explains the fields.

KEYS
  1    procs
  2    bus:<epoch>
  3 …  the rows of the sessions to write, then the rows of the sessions to take over

ARGV
  1    the id of the process
  2    the epoch that the process knows, '' if it knows none
  3    the number of this commit: 1 for the first commit in an epoch, then 2, 3, …
  4    a random name for a new epoch, in case this commit begins one
  5    the report of the process about itself: '<beats> <clients> <read> <last entry>'
  6    the time for which Redis keeps a row that nobody writes, s
  7    the position up to which all processes have read the bus, as far as this process knows
  8    the number of entries that stay on the bus after all processes have read them
  9    the most entries that the bus keeps, without the entries of this commit
  10   '1' if the process asks for the reports of all processes
  11   the number of sessions to write; for each session:
         how; its term; the number of fields, then their names and values in turn; the number of
         fields to delete, then their names. The values of how:
         part   write these fields. The row has to be in Redis
         gone   delete the row: the session has ended. The row has to be in Redis
         whole  write the whole row. No commit of this epoch has written the row yet
         over   delete the row, if Redis has it: the session has ended. No commit of this epoch has
                written the row yet
  …    the number of sessions to take over; for each session:
         its id; the number of the handshake with which its client came, '' for any handshake
  …    the number of entries; for each entry:
         which of the sessions to write has caused the entry (1 for the first session, 0 if no
         session has caused the entry); the text of the entry

Result
  { 'done', outcome, rows, says }
    outcome  a letter for each session to write, then for each session to take over:
             w  the session is written
             m  the session is not written: it has moved, or has ended
             t  the session is taken over
             n  the session is not taken over: Redis does not have it, it ends with this commit, or
                its client has come with another handshake
             o  the session is not taken over yet: its row is of an old epoch, and its owner may
                write the row again; or its row is not settled, and another process may write it
    rows     for each t the row, names and values in turn; empty if another process has taken over
             the session since
    says     the names and values of procs in turn; empty if the process has not asked for them
  { 'lost', epoch, says }
    Redis has written nothing. The process starts again in this epoch.
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

-- Redis was restarted with data that is older than the last commit of this process.
local isOlder = current == epoch and number > known + 1
-- Redis was restarted with the data of an epoch that this process has left. A process never goes
-- back to an epoch: there, the script would take its first commits for commits that it has done.
local isLeft = current and current ~= epoch and epoch ~= '' and mine
if not current or isOlder or isLeft then
  local busOfCurrent = string.sub(bus, 1, -#epoch - 1) .. (current or '')
  redis.call('DEL', procs, bus, busOfCurrent)
  redis.call('HSET', procs, 'epoch', fresh, 'tail', 0)
  current = fresh
end
if current ~= epoch then
  return { 'lost', current, redis.call('HGETALL', procs) }
end

-- The script first reads all arguments, and decides about each session. Until then, it changes
-- nothing.
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
local ends = {} -- the rows that this commit deletes: the same commit does not take them over
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
    local owner, term, since, try, unsettled = unpack(
      redis.call('HMGET', one.key, 'owner', 'term', 'epoch', 'try', 'unsettled'))
    local letter = 't'
    if not owner or ends[one.key] then letter = 'n'
    elseif since ~= epoch or unsettled == '1' then letter = 'o'
    elseif one.try ~= '' and one.try ~= try then letter = 'n'
    end
    one.term = tonumber(term)
    table.insert(letters, letter)
  end
  outcome = '-' .. table.concat(letters)
  -- This write comes first. If Redis has no memory left, Redis refuses this write, and so nothing
  -- has changed.
  redis.call('HSET', procs, me, number .. ' ' .. outcome .. ' ' .. says)
end
local function letterOf(i) return string.sub(outcome, i + 1, i + 1) end

-- In Lua, a call of a function takes 8,000 values at most.
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
  -- The bus keeps all entries from `read` to its tail, and `kept` entries before. The last commit
  -- may have put more than `kept` entries on the bus, and no process has read these entries yet.
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
