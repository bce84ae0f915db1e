import type { Bus } from '../bus/bus.ts';
import type { Generation } from '../domain/generation.ts';
import type { Progress } from '../domain/progress.ts';
import type { Log } from '../log/log.ts';
import type { Store } from '../store/store.ts';
import { tellGeneration } from './changes.ts';

export interface SettleDeps {
  readonly store: Store;
  readonly log: Log;
  readonly bus: Bus;
  /** How long a log outlives its generation's end, in ms; afterwards the store's text serves the same cursors. */
  readonly logRetentionMs: number;
}

/** Hands a log that has ended over to the store. May be called again, by anybody, until it has succeeded once. */
export async function settle(
  { store, log, bus, logRetentionMs }: SettleDeps,
  generation: Pick<Generation, 'id' | 'viewerId' | 'modelId' | 'conversationId'>,
  progress: Progress,
): Promise<void> {
  if (!progress.ended) throw new Error(`${generation.id} has not ended.`);
  const first = await store.generations.settle(generation.id, progress.outcome(progress.ended));
  if (first) await tellGeneration(bus, generation);
  await log.retire(generation.id, logRetentionMs);
}
