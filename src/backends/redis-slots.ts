import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { Slots } from './slots.ts';

/** A process that died loses its places after this long. */
const lifeMs = 2_000;
const renewMs = 500;

const takeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;

const renewScript = `
local time = redis.call('TIME')
local till = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], till, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
`;

interface Commands {
  millraceTakeSlot(key: string, id: string, limit: number, life: number): Promise<number>;
  millraceRenewSlots(key: string, life: number, ...ids: string[]): Promise<null>;
}

/** Places in Redis: a sorted set for each backend, of who has a place and until when. */
export class RedisSlots implements Slots {
  readonly #redis: (Redis | Cluster) & Commands;
  readonly #onError: (error: unknown) => void;
  readonly #held = new Map<string, Set<string>>();
  readonly #renewal: NodeJS.Timeout;

  constructor({ redis, onError }: { redis: Redis | Cluster; onError: (error: unknown) => void }) {
    redis.defineCommand('millraceTakeSlot', { numberOfKeys: 1, lua: takeScript });
    redis.defineCommand('millraceRenewSlots', { numberOfKeys: 1, lua: renewScript });
    this.#redis = redis as (Redis | Cluster) & Commands;
    this.#onError = onError;
    this.#renewal = setInterval(() => this.#renew(), renewMs).unref();
  }

  async take(backend: string, limit: number) {
    const key = `millrace:slots:{${backend}}`;
    const id = randomUUID();
    if ((await this.#redis.millraceTakeSlot(key, id, limit, lifeMs)) === 0) return undefined;
    const held = this.#held.get(key) ?? new Set();
    this.#held.set(key, held.add(id));
    return {
      release: () => {
        held.delete(id);
        this.#redis.zrem(key, id).catch(this.#onError);
      },
    };
  }

  /** Places that were lost with a Redis that was emptied are taken anew by this too. */
  #renew(): void {
    for (const [key, ids] of this.#held) {
      if (ids.size > 0) this.#redis.millraceRenewSlots(key, lifeMs, ...ids).catch(this.#onError);
    }
  }

  close(): void {
    clearInterval(this.#renewal);
  }
}
