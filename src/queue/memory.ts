import type { Job, Queue } from './queue.ts';

type Handler = (job: Job, signal: AbortSignal) => Promise<void>;

interface Worker {
  readonly handler: Handler;
  readonly concurrency: (modelId: string) => number;
  readonly stop: AbortController;
}

/** A queue within this process; the store fills it again at the next start. */
export function memoryQueue(): Queue {
  const lines = new Map<string, Map<string, Job>>();
  const atWork = new Map<string, Map<string, Promise<void>>>();
  let worker: Worker | undefined;

  const of = <Value>(map: Map<string, Map<string, Value>>, modelId: string) => {
    const found = map.get(modelId) ?? new Map<string, Value>();
    map.set(modelId, found);
    return found;
  };

  function advance(modelId: string): void {
    const line = of(lines, modelId);
    const working = of(atWork, modelId);
    for (const job of line.values()) {
      if (!worker || worker.stop.signal.aborted || working.size >= worker.concurrency(modelId)) return;
      line.delete(job.id);
      const done = worker.handler(job, worker.stop.signal).finally(() => {
        working.delete(job.id);
        advance(modelId);
      });
      working.set(job.id, done);
    }
  }

  return {
    async add(job) {
      if (of(atWork, job.modelId).has(job.id)) return;
      const line = of(lines, job.modelId);
      if (!line.has(job.id)) line.set(job.id, job);
      advance(job.modelId);
    },

    async remove(job) {
      lines.get(job.modelId)?.delete(job.id);
    },

    async work(handler, concurrency) {
      if (worker) throw new Error('The queue in memory takes one worker.');
      const own: Worker = { handler, concurrency, stop: new AbortController() };
      worker = own;
      for (const modelId of lines.keys()) advance(modelId);
      return async () => {
        if (worker !== own) return;
        own.stop.abort(new Error('The worker stops.'));
        await Promise.all([...atWork.values()].flatMap((jobs) => [...jobs.values()]));
        if (worker === own) worker = undefined;
      };
    },
  };
}
