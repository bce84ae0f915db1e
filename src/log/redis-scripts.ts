import { endedLifeMs } from './log.ts';

/**
 * Appends to a log and publishes what was appended, or refuses.
 *
 * KEYS: head, stream. ARGV: PUBLISH or SPUBLISH, the log's topic; epoch, offset and attempt that the entries must follow, or three
 * times '' where they begin the log; the next epoch of a log that is begun or has lost its end; then four for each entry:
 * JSON, type, time, attempt. Answers `ok`, or the reason of the refusal.
 */
export const appendScript = `
local head = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'attempt', 'ended', 'firstTokenAt')
local epoch, offset, attempt = head[1], tonumber(head[2]), tonumber(head[3])
if ARGV[3] == '' then
  if epoch then return 'ok' end
  epoch, offset = ARGV[6], 0
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'offset', 0, 'attempt', 0)
else
  if not epoch then return 'missing' end
  if head[4] then return 'ended' end
  local offsetBefore, attemptBefore = tonumber(ARGV[4]), tonumber(ARGV[5])
  if ARGV[3] ~= epoch then return 'superseded' end
  if offset < offsetBefore and attempt <= attemptBefore then
    redis.call('HSET', KEYS[1], 'epoch', ARGV[6])
    return 'shortened'
  end
  if offset ~= offsetBefore or attempt ~= attemptBefore then return 'superseded' end
end

local after, entries, turns = offset, {}, false
for i = 7, #ARGV, 4 do
  local entry, kind, at = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  offset = offset + 1
  redis.call('XADD', KEYS[2], offset .. '-1', 'e', entry)
  entries[#entries + 1] = entry
  if kind ~= 'textAppended' then turns = true end
  if kind == 'attemptStarted' then
    redis.call('HSET', KEYS[1], 'attempt', ARGV[i + 3])
    redis.call('HSETNX', KEYS[1], 'startedAt', at)
  elseif kind == 'textAppended' and not head[5] then
    redis.call('HSETNX', KEYS[1], 'firstTokenAt', at)
  elseif kind == 'ended' then
    redis.call('HSET', KEYS[1], 'ended', entry)
    redis.call('PEXPIRE', KEYS[1], ${endedLifeMs})
    redis.call('PEXPIRE', KEYS[2], ${endedLifeMs})
  end
end
redis.call('HSET', KEYS[1], 'offset', offset)
local message = '{"epoch":"' .. epoch .. '","after":' .. after .. ',"entries":[' .. table.concat(entries, ',') .. ']}'
redis.call(ARGV[1], ARGV[2], message)
if turns then redis.call(ARGV[1], ARGV[2] .. ':turns', message) end
return 'ok'
`;

/**
 * Reads on in a log. KEYS: head, stream. ARGV: offset, about how many bytes. Answers the epoch, the entries after the
 * offset, and 1 where more follow; nothing where there is no log.
 */
export const readScript = `
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if not epoch then return false end
local entries, bytes, last = {}, 0, ARGV[1] .. '-1'
while true do
  local items = redis.call('XRANGE', KEYS[2], '(' .. last, '+', 'COUNT', 100)
  for _, item in ipairs(items) do
    if bytes > tonumber(ARGV[2]) then return { epoch, entries, 1 } end
    entries[#entries + 1] = item[2][2]
    bytes = bytes + #item[2][2]
    last = item[1]
  end
  if #items < 100 then return { epoch, entries, 0 } end
end
`;
