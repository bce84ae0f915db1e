import { MillraceError } from './errors.ts';

/** Whose quota a generation counts against: its viewer's, or that of the key it came with, where that has a quota; a key is one viewer's. */
export interface Account {
  readonly id: string;
  /** Tokens of prompts and answers by UTC day; null is no limit. */
  readonly tokensPerDay: number | null;
  /** The same by UTC month. */
  readonly tokensPerMonth: number | null;
}

/** What an account has taken of one day's or one month's tokens: all of what was accepted then, whenever it ends. */
export interface Tally {
  /** By what has ended. */
  readonly used: number;
  /** By what is queued or running: as much as it may take. */
  readonly reserved: number;
}

/** How an account stands at a moment. */
export interface Standing {
  readonly day: Tally;
  readonly month: Tally;
}

/** From `start` on, up to `end` and without it, in ms since 1970. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

const dayMs = 86_400_000;
/** When it is worth asking again for what is only reserved. */
const soonMs = 1_000;

/** The UTC day of a moment: how many days after 1970-01-01. */
export const dayOf = (at: number): number => Math.floor(at / dayMs);

/** `2026-11-22` of a day after 1970-01-01. */
export const dateOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);

/** The UTC day and the UTC month of a moment. */
export function periodsOf(at: number): { readonly day: Period; readonly month: Period } {
  const day = dayOf(at);
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    day: { start: day * dayMs, end: (day + 1) * dayMs },
    month: { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) },
  };
}

/**
 * Whether an account may take `wanted` tokens at a moment, which `standing` has among the reserved ones already.
 * @throws MillraceError `QUOTA_EXCEEDED`
 */
export function checkQuota(account: Account, standing: Standing, wanted: number, at: number): void {
  const periods = periodsOf(at);
  // The month first: who has used up both need not come back tomorrow.
  for (const [name, limit] of [['month', account.tokensPerMonth] as const, ['day', account.tokensPerDay] as const]) {
    const { used, reserved } = standing[name];
    if (limit === null || used + reserved <= limit) continue;
    const ask = `This may take ${wanted} tokens, by its prompt and \`maxTokens\``;
    if (wanted > limit) {
      const message = `${ask}; ${limit} are allowed in one ${name}. Set a lower \`maxTokens\`, or shorten the prompt.`;
      throw new MillraceError('QUOTA_EXCEEDED', message);
    }
    const { end } = periods[name];
    const left = Math.max(0, limit - used - (reserved - wanted));
    // What is only reserved by others that run is free again when they end.
    const soon = used + wanted <= limit;
    const when = soon ? 'when what is queued or running has ended' : `at ${new Date(end).toISOString()}`;
    const message = `${ask}; of this ${name}'s ${limit} there are ${left} left. Set a lower \`maxTokens\`, or come back ${when}.`;
    throw new MillraceError('QUOTA_EXCEEDED', message, { retryAfterMs: soon ? Math.min(soonMs, end - at) : end - at });
  }
}
