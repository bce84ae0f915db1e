import { RateLimiterRes } from 'rate-limiter-flexible';
import type { RateOptions, Standing } from './limits.ts';

/** What a limiter of rate-limiter-flexible answers to `consume`: it rejects with its answer where that is too much. */
export async function standingAfter(options: RateOptions, answer: Promise<RateLimiterRes>): Promise<Standing> {
  try {
    return standing(options, await answer);
  } catch (error) {
    if (!(error instanceof RateLimiterRes)) throw error;
    return { ...standing(options, error), used: options.limit, remaining: 0, exceeded: true };
  }
}

/** What a limiter answers to `get`: null where nothing is counted. */
export function standing({ limit, windowSeconds }: RateOptions, answer: RateLimiterRes | null): Standing {
  // What has ended may not have been cleared away.
  const running = answer !== null && answer.msBeforeNext >= 0;
  const used = running ? Math.min(limit, answer.consumedPoints) : 0;
  // Counted on to the next millisecond: in its last one a window still lasts.
  const resetsInMs = running ? Math.ceil(answer.msBeforeNext) + 1 : 0;
  return { limit, windowSeconds, used, remaining: limit - used, exceeded: false, resetsInMs };
}
