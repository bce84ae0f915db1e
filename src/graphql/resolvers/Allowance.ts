import type { Allowance } from '../generated/resolvers.ts';
import type { OperationRates } from '../rates.ts';

/** What a viewer may do in this second; null where there is no limit. */
export async function operationsPerSecond(rates: OperationRates, viewerId: string): Promise<Allowance | null> {
  const standing = await rates.ofViewer(viewerId);
  if (!standing) return null;
  const { limit, used, remaining, resetsInMs } = standing;
  return { limit, used, reserved: 0, remaining, resetsAt: Date.now() + resetsInMs };
}
