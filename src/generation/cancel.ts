import { type Generation, hasEnded } from '../domain/generation.ts';
import type { Progress } from '../domain/progress.ts';
import { AppendRefused } from '../log/log.ts';
import type { Queue } from '../queue/queue.ts';
import { cancelled } from './end.ts';
import { readProgress } from './read.ts';
import { type SettleDeps, settle } from './settle.ts';

export interface CancelDeps extends SettleDeps {
  readonly queue: Queue;
  readonly now?: () => number;
}

/**
 * Ends a generation by writing `ended` into its log, whoever is running it, or nobody: its worker learns of it from
 * the log, closes its request to the backend, and can write no more. One that has ended stays as it is.
 */
export async function cancel(deps: CancelDeps, generation: Generation): Promise<void> {
  const { id, modelId } = generation;
  if (hasEnded(generation)) return;
  const progress = await endLog(deps, id);
  await deps.queue.remove({ id, modelId });
  await settle(deps, generation, progress);
}

/** Resolves with the whole log, which has ended now: as cancelled, unless it had ended before. */
async function endLog({ log, now = Date.now }: CancelDeps, id: string): Promise<Progress> {
  for (;;) {
    const progress = (await readProgress(log, [id])).get(id);
    if (!progress) {
      await log.append(id, null, [{ type: 'queued', at: now() }]);
      continue;
    }
    if (progress.ended) return progress;
    const ended = cancelled(progress, now());
    try {
      // Only just after what was counted: where the worker was quicker, count again.
      await log.append(id, progress, [ended]);
    } catch (error) {
      if (error instanceof AppendRefused) continue;
      throw error;
    }
    progress.apply(ended);
    return progress;
  }
}
