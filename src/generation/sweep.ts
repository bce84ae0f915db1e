import type { Bus } from '../bus/bus.ts';
import type { Job, Queue } from '../queue/queue.ts';
import type { Store } from '../store/store.ts';

const intervalMs = 10_000;
/** One that failed is done again after this long. */
const againMs = 1_000;
/** A restart of all nodes, one after the other, with a new model is over by then: its first ones may have work for its last. */
const orphanMs = 5 * 60_000;
/** Nobody publishes here: it is listened to for the moment when the bus is back. */
const topic = 'sweep';

export interface SweepDeps {
  readonly store: Store;
  readonly queue: Queue;
  /** Ids of the configured models: only those have a line. */
  readonly known: ReadonlySet<string>;
  /** When any process last said that it has this model, in ms since 1970. */
  readonly heardAt: (modelId: string) => number;
  /** Ends a generation of a model that is configured no more: nobody has had it for `orphanMs`, while it waited. */
  readonly onOrphan: (job: Job) => Promise<void>;
  readonly now?: () => number;
}

/**
 * Queues every generation that has not ended: after a crash the rows are there, and the queue may have lost them.
 * Unless it is to do the whole, it leaves out the models that another process has just done.
 * @throws AggregateError of what went wrong with some, once all the others are queued
 */
export async function sweep(deps: SweepDeps, whole = true): Promise<void> {
  const { store, queue, known, heardAt, onOrphan, now = Date.now } = deps;
  const failures: unknown[] = [];
  const claims = new Map<string, Promise<boolean>>();
  const isOurs = (modelId: string) => {
    const claim = claims.get(modelId) ?? queue.claim(modelId, intervalMs);
    claims.set(modelId, claim);
    return claim;
  };
  for (const { id, modelId, createdAt } of await store.generations.unsettled()) {
    const job = { id, modelId };
    try {
      if (known.has(modelId)) {
        if ((await isOurs(modelId)) || whole) await queue.add(job);
      } else if (now() - Math.max(createdAt, heardAt(modelId)) >= orphanMs) {
        await onOrphan(job);
      }
    } catch (error) {
      // The others are not to wait for this one.
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} generations could not be queued.`);
}

interface SweepingDeps extends SweepDeps {
  readonly bus: Bus;
  readonly onError: (error: unknown) => void;
}

/**
 * Sweeps now, every 10 s, and as soon as the bus is back, which is where the queue is; one sweep at a time. Of those every
 * 10 s each model's is done by one process. Returns what ends it.
 */
export function keepSweeping({ bus, onError, ...deps }: SweepingDeps): () => void {
  let timer: NodeJS.Timeout | undefined;
  let sweeping = false;
  let again = false;
  let ended = false;
  /** At the start, when the bus was away, and after a failure: what others have done meanwhile may be lost, or not be done. */
  let whole = true;

  async function sweepOnce(): Promise<void> {
    // Whoever asks while it sweeps may ask for what it has passed already.
    if (sweeping) again = true;
    if (sweeping || ended) return;
    clearTimeout(timer);
    sweeping = true;
    let wait = intervalMs;
    try {
      // While the queue is away there is nothing to be done.
      await bus.check();
      const all = whole;
      whole = false;
      await sweep(deps, all);
    } catch (error) {
      whole = true;
      wait = againMs;
      onError(error);
    }
    if (again) wait = 0;
    [sweeping, again] = [false, false];
    if (!ended) timer = setTimeout(() => void sweepOnce(), wait);
  }

  const listening = bus.subscribe(topic, (message) => {
    if (message !== undefined) return;
    whole = true;
    void sweepOnce();
  });
  listening.catch(onError);
  void sweepOnce();
  return () => {
    ended = true;
    clearTimeout(timer);
    listening.then((end) => end()).catch(() => {});
  };
}
