import type { EndedEntry, Entry } from './entry.ts';
import type { AttemptMark, Outcome } from './generation.ts';

/** A log read from its start: what its entries add up to. */
export class Progress {
  readonly epoch: string;
  offset = 0;
  text = '';
  tokens = 0;
  /** Of `tokens`, those that the current attempt found already there. */
  keptTokens = 0;
  /** The current attempt; 0 before the first. */
  attempt = 0;
  startedAt: number | null = null;
  firstTokenAt: number | null = null;
  ended: EndedEntry | null = null;
  /** The entry that it was read up to. */
  last: Entry | null = null;
  readonly attempts: AttemptMark[] = [];

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  /** The same, and these entries after it. */
  with(entries: readonly Entry[]): Progress {
    const progress: Progress = Object.assign(new Progress(this.epoch), this, { attempts: [...this.attempts] });
    for (const entry of entries) progress.apply(entry);
    return progress;
  }

  apply(entry: Entry): void {
    this.offset++;
    this.last = entry;
    switch (entry.type) {
      case 'queued':
        return;
      case 'attemptStarted': {
        const { attempt, backend, keptLength, keptTokens, at } = entry;
        this.attempts.push({ offset: this.offset, attempt, backend, keptLength });
        this.attempt = attempt;
        this.startedAt ??= at;
        this.text = this.text.slice(0, keptLength);
        this.tokens = keptTokens;
        this.keptTokens = keptTokens;
        return;
      }
      case 'textAppended':
        this.firstTokenAt ??= entry.at;
        this.text = this.text.slice(0, entry.position) + entry.text;
        this.tokens += entry.tokens;
        return;
      case 'ended':
        this.ended = entry;
    }
  }

  /** What the store is to keep; only of a log that has ended. */
  outcome(ended: EndedEntry): Outcome {
    const { epoch, offset, attempts, text, startedAt, firstTokenAt } = this;
    const { status, finishReason, usage, error, at } = ended;
    const course = { epoch, offset, attempts };
    return {
      status,
      finishReason,
      usage,
      error,
      endedAt: at,
      text,
      startedAt,
      firstTokenAt,
      attempts: this.attempt,
      course,
    };
  }
}
