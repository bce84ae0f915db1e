import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { Slots } from './slots.ts';

/** A process that died loses its places after this long. */
const lifeMs = 2_000;
const renewMs = 500;
/** Within this time of Redis being back all who live are, too (1 s at most between two tries), and have renewed. */
const graceMs = 2_000;
/** Where nobody has asked for so long, Redis may have been away. */
const gapMs = 750;

/**
 * What both scripts begin with. KEYS: the places, what is known of them. ARGV: life, grace, gap. A Redis that lost the
 * places knows not who runs: `trusted` is when all who do have said so. `from` is since when it was there all the time.
 */
const beginScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life, grace, gap = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[2], 'trusted', 'last', 'from')
local trusted, last, from = tonumber(known[1] or now + grace), tonumber(known[2] or now), tonumber(known[3] or now)
if now - last > gap then from = now end
redis.call('HSET', KEYS[2], 'trusted', trusted, 'last', now, 'from', from)
`;

/** ARGV also: limit, id. Who did not renew has died, unless Redis was away: then it may be about to. */
const takeScript = `${beginScript}
if now < trusted then return 0 end
if now - from >= grace then redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now) end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], now + life, ARGV[5])
return 1
`;

/** ARGV also: ids. */
const renewScript = `${beginScript}
for i = 4, #ARGV do redis.call('ZADD', KEYS[1], now + life, ARGV[i]) end
`;

interface Commands {
  millraceTakeSlot(...args: (string | number)[]): Promise<number>;
  millraceRenewSlots(...args: (string | number)[]): Promise<null>;
}

export interface RedisSlotsOptions {
  readonly redis: Redis | Cluster;
  /** Those that will be asked for: of one that Redis never heard of, or not lately, it gives places some time later. */
  readonly backends?: readonly string[];
  readonly onError: (error: unknown) => void;
}

/**
 * Places in Redis: a sorted set for each backend, of who has a place and until when. A Redis that was emptied or away
 * gives no place too many: those who have one are heard first. Only a process that was frozen, or cut off from Redis,
 * for longer than its places live may come back to find them given to others.
 */
export class RedisSlots implements Slots {
  readonly #redis: (Redis | Cluster) & Commands;
  readonly #onError: (error: unknown) => void;
  readonly #held: Map<string, Set<string>>;
  readonly #renewal: NodeJS.Timeout;
  /** Also backends of which this process has no place: else Redis knows not whether who did not renew has died. */
  readonly #renewAll = () => {
    for (const backend of this.#held.keys()) this.#renew(backend);
  };

  constructor({ redis, backends = [], onError }: RedisSlotsOptions) {
    redis.defineCommand('millraceTakeSlot', { numberOfKeys: 2, lua: takeScript });
    redis.defineCommand('millraceRenewSlots', { numberOfKeys: 2, lua: renewScript });
    this.#redis = redis as (Redis | Cluster) & Commands;
    this.#onError = onError;
    this.#held = new Map(backends.map((backend) => [backend, new Set()]));
    // What it would fail of while Redis is away is told by the connection.
    this.#renewal = setInterval(() => redis.status === 'ready' && this.#renewAll(), renewMs).unref();
    redis.on('ready', this.#renewAll);
    if (redis.status === 'ready') this.#renewAll();
  }

  async take(backend: string, limit: number) {
    const id = randomUUID();
    const taken = await this.#redis.millraceTakeSlot(...keys(backend), ...times, limit, id);
    if (taken === 0) return undefined;
    const held = this.#held.get(backend) ?? new Set();
    this.#held.set(backend, held.add(id));
    return {
      release: () => {
        held.delete(id);
        this.#redis.zrem(keys(backend)[0], id).catch(this.#onError);
      },
    };
  }

  #renew(backend: string): void {
    const ids = this.#held.get(backend) ?? [];
    this.#redis.millraceRenewSlots(...keys(backend), ...times, ...ids).catch(this.#onError);
  }

  close(): void {
    clearInterval(this.#renewal);
    this.#redis.off('ready', this.#renewAll);
  }
}

const times = [lifeMs, graceMs, gapMs] as const;
const keys = (backend: string) => [`millrace:slots:{${backend}}`, `millrace:slots:{${backend}}:known`] as const;
