const first = 100;
const longest = 5_000;

/**
 * How many milliseconds to wait after the `failures`th failure in a row of one generation: random, at most 100 after
 * the first, twice as long after each further one, at most 5,000. A backend's `Retry-After` has no part in it: the pool
 * lets that backend rest, and the next attempt need not wait where another one is up.
 */
export function retryDelay(failures: number, random = Math.random): number {
  return random() * Math.min(longest, first * 2 ** (failures - 1));
}
