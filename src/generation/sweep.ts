import type { Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';

/** Queues every generation that has not ended: after a crash the rows are there, and the queue may have lost them. */
export async function sweep({ store, queue }: { store: Store; queue: Queue }): Promise<void> {
  for (const { id, modelId } of await store.generations.unsettled()) await queue.add({ id, modelId });
}
