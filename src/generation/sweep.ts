import type { Job, Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';

interface SweepDeps {
  readonly store: Store;
  readonly queue: Queue;
  /** Ids of the configured models: only those have a line. */
  readonly known: ReadonlySet<string>;
  /** Ends a generation of a model that is configured no more. */
  readonly onOrphan: (job: Job) => Promise<void>;
}

/**
 * Queues every generation that has not ended: after a crash the rows are there, and the queue may have lost them.
 * @throws AggregateError of what went wrong with some, once all the others are queued
 */
export async function sweep({ store, queue, known, onOrphan }: SweepDeps): Promise<void> {
  const failures: unknown[] = [];
  for (const { id, modelId } of await store.generations.unsettled()) {
    const job = { id, modelId };
    try {
      await (known.has(modelId) ? queue.add(job) : onOrphan(job));
    } catch (error) {
      // The others are not to wait for this one.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} generations could not be queued.`);
}
