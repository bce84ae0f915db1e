import { randomBytes } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { Place, Places } from './limits.ts';
import type { Ask } from './redis.ts';

/** In the life of a place each key's are renewed three times and more, ... */
const roundsInLife = 3.3;
/** ... a part of the keys at a time, since they may be many: so many parts. */
const stepsInRound = 12;

/** KEYS: the places. ARGV: life, limit, id. Who did not renew has died. */
const takeScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`;

/** KEYS: the places. ARGV: life, ids. */
const renewScript = `
local time = redis.call('TIME')
local till = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], till, ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
`;

interface Commands {
  millraceTakePlace(...args: (string | number)[]): Promise<number>;
  millraceRenewPlaces(...args: (string | number)[]): Promise<null>;
}

interface RedisPlacesOptions {
  readonly redis: Redis | Cluster;
  readonly ask: Ask;
  readonly name: string;
  readonly limit: number;
  readonly lifeMs: number;
}

/**
 * Places in Redis: a sorted set for each key, of who has a place and until when. Unlike slots of backends they are given
 * where it is in doubt who has them: a Redis that was emptied or away may give some too many, until it is told of all.
 */
export class RedisPlaces implements Places {
  readonly #redis: (Redis | Cluster) & Commands;
  readonly #ask: Ask;
  readonly #prefix: string;
  readonly #limit: number;
  readonly #lifeMs: number;
  /** Ids by key, the least recently renewed key first. */
  readonly #held = new Map<string, Set<string>>();
  readonly #node = randomBytes(6).toString('base64url');
  readonly #renewal: NodeJS.Timeout;
  #taken = 0;

  constructor({ redis, ask, name, limit, lifeMs }: RedisPlacesOptions) {
    redis.defineCommand('millraceTakePlace', { numberOfKeys: 1, lua: takeScript });
    redis.defineCommand('millraceRenewPlaces', { numberOfKeys: 1, lua: renewScript });
    this.#redis = redis as (Redis | Cluster) & Commands;
    this.#ask = ask;
    this.#prefix = `millrace:places:${name}`;
    this.#limit = limit;
    this.#lifeMs = lifeMs;
    const step = () => {
      // What it would fail of is told by the connection.
      if (redis.status === 'ready') this.#renew(Math.ceil(this.#held.size / stepsInRound));
    };
    this.#renewal = setInterval(step, lifeMs / roundsInLife / stepsInRound).unref();
  }

  async take(key: string): Promise<Place | undefined> {
    const id = `${this.#node}${(this.#taken++).toString(36)}`;
    const given = await this.#ask(
      async () => (await this.#redis.millraceTakePlace(this.#keyOf(key), this.#lifeMs, this.#limit, id)) === 1,
      () => (this.#held.get(key)?.size ?? 0) < this.#limit,
    );
    if (!given) return undefined;
    this.#held.set(key, (this.#held.get(key) ?? new Set()).add(id));
    return { release: () => this.#release(key, id) };
  }

  #release(key: string, id: string): void {
    const ids = this.#held.get(key);
    if (!ids?.delete(id)) return;
    if (ids.size === 0) this.#held.delete(key);
    void this.#tell(() => this.#redis.zrem(this.#keyOf(key), id));
  }

  #renew(keys: number): void {
    for (const [key, ids] of this.#held.entries().take(keys).toArray()) {
      this.#held.delete(key);
      this.#held.set(key, ids);
      void this.#tell(() => this.#redis.millraceRenewPlaces(this.#keyOf(key), this.#lifeMs, ...ids));
    }
  }

  /** What is not heard is told again by the next renewal, or ends by itself. */
  #tell = (told: () => Promise<unknown>): Promise<unknown> => this.#ask<unknown>(told, () => undefined);

  #keyOf = (key: string): string => `${this.#prefix}:${key}`;

  close(): void {
    clearInterval(this.#renewal);
  }
}
