import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Limits, Place, Places, Rate, RateOptions } from './limits.ts';
import { standing, standingAfter } from './standing.ts';

/** Counts in this process alone. */
export function memoryLimits(): Limits {
  return {
    rate: (_name, options) => memoryRate(options),
    places: (_name, limit) => new MemoryPlaces(limit),
    close() {},
  };
}

export function memoryRate(options: RateOptions): Rate {
  const limiter = new RateLimiterMemory({ points: options.limit, duration: options.windowSeconds });
  return {
    count: (key) => standingAfter(options, limiter.consume(key)),
    read: async (key) => standing(options, await limiter.get(key)),
  };
}

class MemoryPlaces implements Places {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  async take(key: string): Promise<Place | undefined> {
    if (this.#of(key) >= this.#limit) return undefined;
    this.#taken.set(key, this.#of(key) + 1);
    return new MemoryPlace(this, key);
  }

  free(key: string): void {
    const left = this.#of(key) - 1;
    if (left > 0) this.#taken.set(key, left);
    else this.#taken.delete(key);
  }

  #of = (key: string): number => this.#taken.get(key) ?? 0;
}

/** One for every socket: an object of its own takes less room than one with a function in it. */
class MemoryPlace implements Place {
  readonly #key: string;
  #places: MemoryPlaces | undefined;

  constructor(places: MemoryPlaces, key: string) {
    this.#places = places;
    this.#key = key;
  }

  release(): void {
    this.#places?.free(this.#key);
    this.#places = undefined;
  }
}
