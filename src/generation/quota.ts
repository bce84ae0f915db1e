import type { Viewer } from '../domain/conversation.ts';
import { type Account, periodsOf, type Tally } from '../domain/quota.ts';
import type { Store, ViewerStanding } from '../store/store.ts';
import type { Allowance, Quotas, ViewerLimits } from './generation.ts';

/** How much one may ask for, and have asked for. Null is no limit. */
export interface GenerationLimits {
  /** UTF-16 code units of all that a model is to read for one answer. */
  readonly promptCharacters: number;
  /** The most that `maxTokens` may ask for. */
  readonly maxTokens: number;
  /** Queued and running ones of one viewer. */
  readonly generationsAtOnce: number | null;
  readonly tokensPerDay: number | null;
  readonly tokensPerMonth: number | null;
}

/** What is reserved for an answer whose length nobody has said. A backend may write more; that is booked at the end. */
const assumedTokens = 4_096;
/**
 * About so many characters of English make a token.
 * @see https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them
 */
const charactersPerToken = 4;

/** The account that a viewer's generations count against: their own, or that of the key they came by. */
export const accountOf = ({ id, account }: Viewer, limits: GenerationLimits): Account => ({
  id: account?.id ?? id,
  tokensPerDay: account?.tokensPerDay ?? limits.tokensPerDay,
  tokensPerMonth: account?.tokensPerMonth ?? limits.tokensPerMonth,
});

/**
 * As many tokens as a generation is thought to take at most, and those of its prompt among them, before any backend has
 * counted.
 */
export function tokensFor(promptCharacters: number, maxTokens: number | undefined, limits: GenerationLimits) {
  const promptEstimate = Math.ceil(promptCharacters / charactersPerToken);
  const answer = maxTokens ?? Math.min(assumedTokens, limits.maxTokens);
  return { promptEstimate, reservedTokens: promptEstimate + answer };
}

interface QuotaDeps {
  readonly store: Store;
  readonly limits: GenerationLimits;
  readonly now?: () => number;
}

/** What the configured limits leave to viewers. */
export function createQuotas({ store, limits, now = Date.now }: QuotaDeps): Quotas {
  return {
    async limits(viewers) {
      const at = now();
      const ids = viewers.map(({ id }) => id);
      const standings = await store.usage.standings(ids, at);
      return new Map(viewers.map((viewer) => [viewer.id, limitsOf(viewer, standings.get(viewer.id), limits, at)]));
    },
  };
}

function limitsOf(
  viewer: Viewer,
  standing: ViewerStanding | undefined,
  limits: GenerationLimits,
  at: number,
): ViewerLimits {
  const { id, tokensPerDay, tokensPerMonth } = accountOf(viewer, limits);
  const own = standing?.accounts.get(id);
  const { day, month } = periodsOf(at);
  const open = { used: standing?.open ?? 0, reserved: 0 };
  return {
    tokensPerDay: allowance(tokensPerDay, own?.day, day.end),
    tokensPerMonth: allowance(tokensPerMonth, own?.month, month.end),
    generationsAtOnce: allowance(limits.generationsAtOnce, open, null),
  };
}

function allowance(
  limit: number | null,
  { used, reserved }: Tally = { used: 0, reserved: 0 },
  resetsAt: number | null,
): Allowance | null {
  if (limit === null) return null;
  return { limit, used, reserved, remaining: Math.max(0, limit - used - reserved), resetsAt };
}
