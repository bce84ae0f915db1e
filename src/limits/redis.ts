import type { Cluster, Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Limits, Rate, RateOptions } from './limits.ts';
import { memoryRate } from './memory.ts';
import { RedisPlaces } from './redis-places.ts';
import { standing, standingAfter } from './standing.ts';

interface RedisLimitsOptions {
  readonly redis: Redis | Cluster;
  /** Told once whenever Redis can't be asked any more. */
  readonly onError: (error: unknown) => void;
  /** The places of a process that died are free after this long, in ms. */
  readonly placeLifeMs?: number;
}

/** Counts on all nodes together: one script for each count, on one key, in Redis. */
export function redisLimits({ redis, onError, placeLifeMs = 10_000 }: RedisLimitsOptions): Limits {
  const ask = insured(onError);
  const opened: RedisPlaces[] = [];
  return {
    rate: (name, options) => redisRate({ redis, ask, name, options }),
    places(name, limit) {
      const places = new RedisPlaces({ redis, ask, name, limit, lifeMs: placeLifeMs });
      opened.push(places);
      return places;
    },
    close() {
      for (const places of opened) places.close();
    },
  };
}

/** Asks Redis, or does otherwise where that can't be asked. */
export type Ask = <T>(asked: () => Promise<T>, otherwise: () => T | Promise<T>) => Promise<T>;

function insured(onError: (error: unknown) => void): Ask {
  let away = false;
  return async (asked, otherwise) => {
    try {
      const answer = await asked();
      away = false;
      return answer;
    } catch (cause) {
      if (!away) onError(new Error('Redis can’t be asked: limits are counted by each node for itself.', { cause }));
      away = true;
      return await otherwise();
    }
  };
}

interface RedisRateOptions {
  readonly redis: Redis | Cluster;
  readonly ask: Ask;
  readonly name: string;
  readonly options: RateOptions;
}

function redisRate({ redis, ask, name, options }: RedisRateOptions): Rate {
  const { limit, windowSeconds } = options;
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: `millrace:rate:${name}`,
    points: limit,
    duration: windowSeconds,
    // Whoever goes on nevertheless costs Redis nothing for the rest of the window.
    inMemoryBlockOnConsumed: limit + 1,
  });
  const own = memoryRate(options);
  return {
    count: (key) =>
      ask(
        () => standingAfter(options, limiter.consume(key)),
        () => own.count(key),
      ),
    read: (key) =>
      ask(
        async () => standing(options, await limiter.get(key)),
        () => own.read(key),
      ),
  };
}
