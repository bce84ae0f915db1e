/** Which generation runs next: ids only. A hint: the store is the truth, and a lost job is added again by `sweep`. */
export interface Queue {
  /** Puts a generation at the end of its model's line; changes nothing where it is in line or at work already. */
  add(job: Job): Promise<void>;

  /** Whether this process is to look for what a model's line has lost, now and for `ms`: one process at a time is. */
  claim(modelId: string, ms: number): Promise<boolean>;

  /** Takes a generation out of the line; one at work stays there. */
  remove(job: Job): Promise<void>;

  /**
   * Gives jobs of these models to `handler`, the first added first, and of each model at most its capacity at once,
   * however many processes work. A job is done when the handler's promise resolves; one whose handler rejects is given
   * again about a second later, and one whose worker died within three.
   *
   * Resolves with the function that stops it: no job starts after its call, those at work have their signal aborted
   * and are given to other workers, and it resolves when the last handler is done.
   */
  work(handler: Handler, capacities: ReadonlyMap<string, number>): Promise<() => Promise<void>>;
}

export type Handler = (job: Job, signal: AbortSignal) => Promise<void>;

export interface Job {
  readonly id: string;
  readonly modelId: string;
  /**
   * Under this name its log was begun when it was submitted. Only to whom the job is given first: he need not look, and
   * whoever is given it again must.
   */
  readonly epoch?: string;
}
