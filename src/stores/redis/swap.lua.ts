/**
 * The one script: swaps a row, or reads it.
 *
 * It touches one key, so that a cluster may keep each row where it likes. What a caller is told was
 * read by `GETEX`, which reads like `GET` but counts as a write: a replica, whose copy may be old,
 * refuses it. It is not used before `SET`, since Redis lets a script that has written already past
 * `maxmemory`. `TIME` never says less than when the row was written, though another server with
 * another clock may have become primary.
 *
 * A row is a string: version, a blank, when it was written (epoch milliseconds), a blank, value.
 *
 * | in        |                                                                     |
 * | --------- | ------------------------------------------------------------------- |
 * | `KEYS[1]` | the row                                                             |
 * | `ARGV[1]` | the version that it must have; 0: none; -1: read only               |
 * | `ARGV[2]` | the value to write                                                  |
 * | `ARGV[3]` | how long it lives from now on, milliseconds                         |
 * | `ARGV[4]` | the channel that is told of the change, or empty                    |
 * | `ARGV[5]` | `hex`: values come and go as hexadecimal digits; empty: as they are |
 * | `ARGV[6]` | `again`: a row that was not swapped is written once more as it is,  |
 * |           | since `WAIT` covers (from Redis 7.2 on) what this connection wrote  |
 *
 * Out: 1 if it swapped, else 0; version; when it was written; now; the value, unless it swapped.
 */
export const SWAP = `
local row = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version, written, value = 0, 0, false
if row then
  local v, w, at = string.match(row, '^(%d+) (%d+) ()')
  if not v then return redis.error_reply('WRONGTYPE not a row of refresh-once') end
  version, written, value = tonumber(v), tonumber(w), string.sub(row, at)
end
now = math.max(now, written)

if version ~= tonumber(ARGV[1]) then
  redis.call('GETEX', KEYS[1])
  if row and ARGV[6] == 'again' then redis.call('SET', KEYS[1], row, 'KEEPTTL') end
  if value and ARGV[5] == 'hex' then
    value = string.gsub(value, '.', function(c) return string.format('%02x', string.byte(c)) end)
  end
  return {0, version, written, now, value}
end

local bytes = ARGV[2]
if ARGV[5] == 'hex' then
  bytes = string.gsub(bytes, '..', function(h) return string.char(tonumber(h, 16)) end)
end
version = version + 1
redis.call('SET', KEYS[1], string.format('%.0f %.0f ', version, now) .. bytes, 'PX', ARGV[3])
if ARGV[4] ~= '' then redis.pcall('PUBLISH', ARGV[4], version) end
return {1, version, now, now}
`
