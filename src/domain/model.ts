/** A model that can be asked, as the configuration has it and as it does now. */
export interface Model {
  readonly id: string;
  readonly name: string;
  readonly status: ModelStatus;
  /** How many generations can run at once, over all backends. */
  readonly concurrency: number;
  /** Since when at least one backend has been up, in ms since 1970; null where none is. */
  readonly onlineSince: number | null;
  readonly backends: readonly BackendState[];
}

export type ModelStatus = 'ONLINE' | 'DEGRADED' | 'OFFLINE';

export interface BackendState {
  readonly name: string;
  readonly kind: string;
  /** A backend that rests after a `Retry-After` is `ONLINE`. */
  readonly status: 'ONLINE' | 'OFFLINE';
  readonly running: number;
  readonly concurrency: number;
  /** A sentence that begins with its time; stays when the backend is back. Null where there was none. */
  readonly lastError: string | null;
}
