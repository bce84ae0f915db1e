/** A model that can be asked, as the configuration has it and as it does now. */
export interface Model {
  readonly id: string;
  readonly name: string;
  readonly status: ModelStatus;
  /** How many generations can run at once, over all backends. */
  readonly concurrency: number;
  /** When it last came online, in ms since 1970; null while it is offline. */
  readonly onlineSince: number | null;
  readonly backends: readonly BackendState[];
}

export type ModelStatus = 'ONLINE' | 'DEGRADED' | 'OFFLINE';

export interface BackendState {
  readonly name: string;
  readonly kind: string;
  readonly status: 'ONLINE' | 'OFFLINE';
  readonly running: number;
  readonly concurrency: number;
  /** With its time; null where there was none. */
  readonly lastError: string | null;
}
