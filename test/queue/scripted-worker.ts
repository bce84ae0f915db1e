import type { Job, Queue } from '../../src/queue/queue.ts';

/** A worker whose jobs end when the test says so. */
export class ScriptedWorker {
  readonly started: string[] = [];
  /** Names of logs, as each job came with them. */
  readonly epochs: (string | undefined)[] = [];
  most = 0;
  readonly #queue: () => Queue;
  readonly #atWork = new Map<string, { finish(): void; fail(): void; signal: AbortSignal }>();
  readonly #onChange = new Set<() => void>();
  #stop = async () => {};

  constructor(queue: () => Queue) {
    this.#queue = queue;
  }

  async start(concurrency: number): Promise<void> {
    const handler = async ({ id, epoch }: Job, signal: AbortSignal) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      this.started.push(id);
      this.epochs.push(epoch);
      this.#atWork.set(id, { finish: resolve, fail: () => reject(new Error('The test failed it.')), signal });
      this.most = Math.max(this.most, this.#atWork.size);
      this.#changed();
      await promise.finally(() => this.#atWork.delete(id));
    };
    this.#stop = await this.#queue().work(
      handler,
      new Map(['whale', 'squid'].map((modelId) => [modelId, concurrency])),
    );
  }

  stop = (): Promise<void> => this.#stop();
  atWork = (): string[] => [...this.#atWork.keys()];
  aborted = (id: string): boolean => this.#atWork.get(id)?.signal.aborted ?? false;

  #changed(): void {
    for (const onChange of this.#onChange) onChange();
  }

  /** Resolves once `condition` holds: it is looked at whenever a job starts. */
  until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (!condition()) return;
      this.#onChange.delete(look);
      resolve();
    };
    this.#onChange.add(look);
    look();
    return promise;
  }

  /** Resolves once these are at work. */
  running(...ids: string[]): Promise<void> {
    return this.until(() => ids.every((id) => this.#atWork.has(id)));
  }

  /** Ends a job, once it is at work. */
  async finish(id: string): Promise<void> {
    await this.running(id);
    this.#atWork.get(id)?.finish();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Makes the handler of a job reject, once it is at work. */
  async fail(id: string): Promise<void> {
    await this.running(id);
    this.#atWork.get(id)?.fail();
  }
}
