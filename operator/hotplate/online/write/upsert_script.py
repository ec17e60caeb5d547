"""The script that writes rows: the server compares and writes in one step, without a race.

A row replaces one of the same or an older event time, and one whose event time is in the future:
such a row can only be a mistake, and would block every later one. One call writes rows of one view:
up to fifty, about half a millisecond of the server's time; on a cluster, those of one slot.
"""

import hashlib

SCRIPT_ROWS = 50
"""Rows in one call."""

UPSERT = """\
-- KEYS: rows. ARGV: number of fields, ttl in seconds or 0, the latest event time that may stay in
-- epoch seconds, the fields, the values row by row.
-- The first field is the event time, a serialized google.protobuf.Timestamp. Returns rows written.
local fields, ttl, latest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local function time_of(data)
  local parts, at = {0, 0}, 1
  while at <= #data do
    local part, value, scale, byte = string.byte(data, at) == 8 and 1 or 2, 0, 1, nil
    repeat
      at = at + 1
      byte = string.byte(data, at)
      value, scale = value + byte % 128 * scale, scale * 128
    until byte < 128
    parts[part], at = value, at + 1
  end
  if parts[1] >= 9223372036854775808 then parts[1] = parts[1] - 18446744073709551616 end
  return parts[1], parts[2]
end

local function replaces(data, stored)
  if stored == '' or data == stored then return true end
  local stored_seconds, stored_nanos = time_of(stored)
  if stored_seconds > latest then return true end
  local seconds, nanos = time_of(data)
  return seconds > stored_seconds or (seconds == stored_seconds and nanos >= stored_nanos)
end

local arguments, written = {}, 0
for field = 1, fields do arguments[2 * field - 1] = ARGV[3 + field] end
for row, key in ipairs(KEYS) do
  local values = 3 + row * fields
  local stored = redis.call('HGET', key, ARGV[4])
  if not stored or replaces(ARGV[values + 1], stored) then
    for field = 1, fields do arguments[2 * field] = ARGV[values + field] end
    redis.call('HSET', key, unpack(arguments))
    if ttl > 0 then redis.call('EXPIRE', key, ttl) end
    written = written + 1
  end
end
return written
"""

UPSERT_SHA = hashlib.sha1(UPSERT.encode(), usedforsecurity=False).hexdigest()
"""The hash by which the server finds the script."""
