import type { Queue } from '../queue/queue.ts';
import { type RunDeps, run } from './run.ts';

/**
 * Queues every generation that has not ended: after a crash the rows are there, and the queue may have lost them. Those
 * of models that are configured no more have no line; they are run here, which ends them.
 */
export async function sweep(deps: RunDeps & { readonly queue: Queue }): Promise<void> {
  const { store, queue, models } = deps;
  for (const { id, modelId } of await store.generations.unsettled()) {
    const job = { id, modelId };
    if (models.has(modelId)) await queue.add(job);
    else await run(deps, job, AbortSignal.timeout(sweepRunMs));
  }
}

const sweepRunMs = 5_000;
