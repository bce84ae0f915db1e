/** Which generation runs next: ids only. A hint: the store is the truth, and a lost job is added again by `sweep`. */
export interface Queue {
  /** Puts a generation at the end of its model's line; changes nothing where it is in line or at work already. */
  add(job: Job): Promise<void>;

  /** Takes a generation out of the line; one at work stays there. */
  remove(job: Job): Promise<void>;

  /**
   * Gives jobs to `handler`, the first added first, at most `concurrency` of a model's at once. A job is done when
   * the handler's promise resolves; a rejection is reported to nobody, so the handler must not reject.
   * Resolves with the function that stops it: no job starts after its call, those at work have their signal aborted,
   * and it resolves when the last handler has.
   */
  work(
    handler: (job: Job, signal: AbortSignal) => Promise<void>,
    concurrency: (modelId: string) => number,
  ): Promise<() => Promise<void>>;
}

export interface Job {
  readonly id: string;
  readonly modelId: string;
}
