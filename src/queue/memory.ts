import type { Handler, Job, Queue } from './queue.ts';

/** A job whose handler rejected is given again after this long. */
const againMs = 1_000;

interface Worker {
  readonly handler: Handler;
  readonly capacities: ReadonlyMap<string, number>;
  readonly stop: AbortController;
}

/** A queue within this process; the store fills it again at the next start. */
export function memoryQueue(): Queue {
  const lines = new Map<string, Map<string, Job>>();
  const atWork = new Map<string, Map<string, Promise<void>>>();
  const waiting = new Set<NodeJS.Timeout>();
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
      if (!worker || worker.stop.signal.aborted || working.size >= (worker.capacities.get(modelId) ?? 0)) return;
      line.delete(job.id);
      working.set(job.id, give(job, worker));
    }
  }

  async function give(job: Job, { handler, stop }: Worker): Promise<void> {
    const done = await handler(job, stop.signal).then(
      () => true,
      () => false,
    );
    of(atWork, job.modelId).delete(job.id);
    if (!done) giveAgain(job);
    advance(job.modelId);
  }

  function giveAgain({ id, modelId }: Job): void {
    const timer = setTimeout(() => {
      waiting.delete(timer);
      void queue.add({ id, modelId });
    }, againMs);
    waiting.add(timer);
  }

  const queue: Queue = {
    async add(job) {
      const line = of(lines, job.modelId);
      if (of(atWork, job.modelId).has(job.id) || line.has(job.id)) return;
      line.set(job.id, job);
      advance(job.modelId);
    },

    claim: async () => true,

    async remove(job) {
      lines.get(job.modelId)?.delete(job.id);
    },

    async work(handler, capacities) {
      if (worker) throw new Error('The queue in memory takes one worker.');
      const own: Worker = { handler, capacities, stop: new AbortController() };
      worker = own;
      for (const modelId of capacities.keys()) advance(modelId);
      return async () => {
        if (worker !== own) return;
        own.stop.abort(new Error('The worker stops.'));
        await Promise.all([...atWork.values()].flatMap((jobs) => [...jobs.values()]));
        for (const timer of waiting) clearTimeout(timer);
        waiting.clear();
        if (worker === own) worker = undefined;
      };
    },
  };
  return queue;
}
