"""What happens to presence in Redis in one piece: scripts in Lua.

Every change of a room's roster raises its version by one and is published with it, in the same instant.
When a script makes several changes it publishes the last one only: its version is not the next, and
whoever hears that reads the roster again.

A version starts from the clock, in microseconds, so that it never goes back behind one that was
forgotten. The origin is drawn anew whenever Redis has, or may have, forgotten something: it lost its
data, or was restarted with older data, or another server took over. Who finds another origin than
the one it knows starts a rebuild, which lasts one lease. Until it ends no roster is whole: nobody is
said to have left, since the node that has them may not have entered them again.
"""

from __future__ import annotations

from string import Template

_HEAD = Template("""
local origin, rebuilding = KEYS[1], KEYS[2]
local strange = redis.call('GET', origin) ~= ARGV[1]
if strange then redis.call('SET', rebuilding, '1', 'PX', ARGV[2]) end
local whole = redis.call('EXISTS', rebuilding) == 0

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function alive(node)
  local ends = tonumber(redis.call('ZSCORE', $leases, node) or 0)
  local left = ends - now()
  return left > 0 and left <= ARGV[2] * 1000
end
""")

_ROOM = """
local versions, users, counts, sessions, rooms = KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local joined, left, first, last = {}, {}, {}, {}

local function enter(session, user, participant)
  if redis.call('HSETNX', sessions, session, user) == 0 then return end
  if redis.call('HINCRBY', counts, user, 1) > 1 then return end
  redis.call('HSET', users, user, participant)
  joined[#joined + 1] = participant
  first[#first + 1] = session
end

local function depart(session, user)
  redis.call('HDEL', sessions, session)
  if redis.call('HINCRBY', counts, user, -1) > 0 then return end
  redis.call('HDEL', counts, user)
  local participant = redis.call('HGET', users, user)
  redis.call('HDEL', users, user)
  last[#last + 1] = session
  if participant then left[#left + 1] = participant end
end

local function version(changes)
  local known = tonumber(redis.call('GET', versions) or 0)
  if known == 0 then known = now() end
  known = math.max(known, tonumber(ARGV[3])) + changes
  redis.call('SET', versions, string.format('%.0f', known), 'EX', 3600)
  return known
end

local function tell()
  if redis.call('EXISTS', sessions) == 1 then
    redis.call('SADD', rooms, ARGV[4])
  else
    redis.call('SREM', rooms, ARGV[4])
  end
  local changes = #joined + #left
  if changes == 0 then return end
  local number = version(changes)
  local kind, participant = 'join', joined[#joined]
  if not participant then kind, participant = 'leave', left[#left] end
  if kind == 'join' or whole then
    redis.call(ARGV[6], ARGV[5], cmsgpack.pack({1, ARGV[4], number, kind, participant}))
  end
end
"""

_CHANGE = _HEAD.substitute(leases="KEYS[8]") + _ROOM

ENTER = f"""{_CHANGE}
local given = {{}}
for place = 8, #ARGV, 3 do
  given[ARGV[place]] = true
  enter(ARGV[place], ARGV[place + 1], ARGV[place + 2])
end
if ARGV[7] == 'all' then
  local stored = redis.call('HGETALL', sessions)
  for place = 1, #stored, 2 do
    if not given[stored[place]] then depart(stored[place], stored[place + 1]) end
  end
end
tell()
return {{strange and 1 or 0, first, last}}
"""
"""Enter sessions: (session, id, participant) each from the eighth argument on.

With the seventh being "all" they are all that the node has in this room: others are ended. Gives the
sessions that were their users' first, and those ended that were their last.
"""

LEAVE = f"""{_CHANGE}
if redis.call('HGET', sessions, ARGV[7]) ~= ARGV[8] then return {{strange and 1 or 0, 0}} end
depart(ARGV[7], ARGV[8])
tell()
return {{strange and 1 or 0, #last}}
"""
"""End the session (seventh argument) of a user (eighth). Gives 1 if it was the last one."""

READ = f"""{_CHANGE}
local number = version(0)
return {{strange and 1 or 0, string.format('%.0f', number), whole and 1 or 0, redis.call('HVALS', users)}}
"""
"""Give the version, whether the roster is whole, and the participants."""

REAP = f"""{_CHANGE}
local dead, me = ARGV[7], ARGV[8]
if alive(dead) or not alive(me) or not whole then return {{strange and 1 or 0}} end
local stored = redis.call('HGETALL', sessions)
for place = 1, #stored, 2 do depart(stored[place], stored[place + 1]) end
tell()
if redis.call('EXISTS', rooms) == 0 then redis.call('ZREM', KEYS[8], dead) end
return {{strange and 1 or 0}}
"""
"""End all sessions of a dead node (seventh argument) in the room.

Only a node (eighth) whose own lease holds may do so: it could have waited for this server to wake up,
and then every lease has ended, not the dead node's alone.
"""

RENEW = """
local origin, rebuilding, leases = KEYS[1], KEYS[2], KEYS[3]
local known, ttl, node, fresh = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local found = redis.call('GET', origin)
if not found or string.sub(found, -#run - 1) ~= ':' .. run then
  found = fresh .. ':' .. run
  redis.call('SET', origin, found)
end
if known ~= '' and known ~= found then redis.call('SET', rebuilding, '1', 'PX', ttl) end
local ends = tonumber(redis.call('ZSCORE', leases, node) or 0)
local kept = ends > now and known == found
redis.call('ZADD', leases, string.format('%.0f', now + ttl * 1000), node)
local dead = redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now))
local ahead = redis.call('ZRANGEBYSCORE', leases, string.format('(%.0f', now + ttl * 1000), '+inf')
for _, name in ipairs(ahead) do dead[#dead + 1] = name end
return {found, kept and 1 or 0, redis.call('EXISTS', rebuilding), dead}
"""
"""Renew a node's lease.

Gives the origin, whether the lease had held until now, whether a rebuild is under way, and the nodes
whose lease has ended, or ends later than any could: then the server's clock was set back.
"""

FORGET = f"""{_HEAD.substitute(leases="KEYS[3]")}
if not alive(ARGV[3]) and redis.call('EXISTS', KEYS[4]) == 0 then redis.call('ZREM', KEYS[3], ARGV[3]) end
"""
"""Strike a dead node (third argument) that has no sessions off the leases."""

RESIGN = """
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], 1, ARGV[1])
end
"""
"""End a node's lease. If it still has sessions, the others end them."""
