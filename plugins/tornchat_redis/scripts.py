"""Lua scripts for atomic changes of presence in Redis.

Every change of a room's roster increments its version and is published with it, atomically. A script that
makes several changes publishes only the last one; its version then skips numbers, so that receivers read
the roster again.

A version starts from the time in microseconds, so that it never falls below one that was lost. The origin
is renewed whenever Redis has, or may have, lost data: after a loss, a restart with older data or a
failover. A node that finds an origin other than the one it knows starts a rebuild, which lasts for the
duration of one lease. Rosters are incomplete until it ends, and no departures are published, since the
nodes of missing users may not have entered them again.
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
  return ends > now()
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
"""Enter sessions, given as (session, user id, participant) from the eighth argument on.

If the seventh argument is "all", the node's other sessions in the room are ended. Returns the entered
sessions that were the first ones of their users, and the ended sessions that were the last ones.
"""

LEAVE = f"""{_CHANGE}
if redis.call('HGET', sessions, ARGV[7]) ~= ARGV[8] then return {{strange and 1 or 0, 0}} end
depart(ARGV[7], ARGV[8])
tell()
return {{strange and 1 or 0, #last}}
"""
"""End a session (seventh argument) of a user (eighth). Returns 1 if it was the last one of the user."""

READ = f"""{_CHANGE}
local number = version(0)
return {{strange and 1 or 0, string.format('%.0f', number), whole and 1 or 0, redis.call('HVALS', users)}}
"""
"""Return the version, whether the roster is complete, and the participants."""

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

The calling node (eighth argument) must hold its own lease. After a suspension of the server, all leases
have expired, and that of the supposedly dead node proves nothing.
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
for _, name in ipairs(ahead) do redis.call('ZADD', leases, string.format('%.0f', now + ttl * 1000), name) end
return {found, kept and 1 or 0, redis.call('EXISTS', rebuilding), dead}
"""
"""Renew a node's lease.

Returns the origin, whether the lease was held until now, whether a rebuild is in progress, and the dead
nodes, whose leases have expired. A lease that ends later than possible, because the server's clock was set
back, is cut to its full duration from now, since its node may live.
"""

FORGET = f"""{_HEAD.substitute(leases="KEYS[3]")}
if not alive(ARGV[3]) and redis.call('EXISTS', KEYS[4]) == 0 then redis.call('ZREM', KEYS[3], ARGV[3]) end
"""
"""Remove the lease of a dead node (third argument) that has no sessions."""

RESIGN = """
if redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], 1, ARGV[1])
end
"""
"""End a node's lease. If it still has sessions, other nodes end them."""
