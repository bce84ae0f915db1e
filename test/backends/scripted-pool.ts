import { type Backend, BackendError, type BackendErrorKind } from '../../src/backends/backend.ts';
import { type Lease, Pool, type PoolOptions, type PoolState } from '../../src/backends/pool.ts';

/** A backend whose probes do as they are told. */
export class ProbedBackend implements Backend {
  readonly kind = 'test';
  readonly continues = true;
  readonly name: string;
  /** What a probe does: succeed, fail, or not answer until it is aborted. */
  answer: 'well' | 'never' | Error = 'well';
  probes = 0;
  probing = 0;
  mostProbing = 0;

  constructor(name: string) {
    this.name = name;
  }

  generate(): never {
    throw new Error('The pool generates nothing.');
  }

  async probe(signal: AbortSignal): Promise<void> {
    this.probes++;
    this.mostProbing = Math.max(this.mostProbing, ++this.probing);
    try {
      if (this.answer instanceof Error) throw this.answer;
      if (this.answer === 'never') await aborted(signal);
    } finally {
      this.probing--;
    }
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

/** A pool of backends by name and concurrency, and all that it told. */
export function poolOf(sizes: Record<string, number>, options: Partial<PoolOptions> = {}) {
  const backends = Object.keys(sizes).map((name) => new ProbedBackend(name));
  const told: PoolState[] = [];
  const pool = new Pool({
    modelId: 'm',
    backends: backends.map((backend) => ({ backend, concurrency: sizes[backend.name] ?? 0 })),
    onChange: (state) => told.push(state),
    ...options,
  });
  const backend = (name: string): ProbedBackend => {
    const found = backends.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`There is no backend ${name}.`);
    return found;
  };
  const status = (name: string) => pool.state().backends.find((candidate) => candidate.name === name)?.status;
  const acquire = (avoid?: string): Promise<Lease> => pool.acquire({ avoid, signal: new AbortController().signal });
  return { pool, backend, told, status, acquire };
}

export const failure = (kind: BackendErrorKind, retryAfterMs?: number): BackendError =>
  new BackendError(kind, `it was ${kind}.`, retryAfterMs === undefined ? {} : { retryAfterMs });

/** Lets everything happen that waits for no timer. */
export const settle = (): Promise<void> => new Promise((resolve) => immediate(resolve));
// The real one, also where a test has replaced all timers.
const immediate = setImmediate;

/** Whether `promise` is still pending. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const settled = () => {
    pending = false;
  };
  promise.then(settled, settled);
  await settle();
  return pending;
}

/** Numbers from 0 to below 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
