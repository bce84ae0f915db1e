import type { DatabaseSync } from 'node:sqlite';

/** Work within a transaction; returns what is to happen once it is durable. */
type Write = () => () => void;

interface PendingWrite {
  readonly write: Write;
  readonly reject: (error: unknown) => void;
  /** Somebody waits for it: it goes at the end of the turn, with all that has gathered. */
  readonly urgent?: boolean;
}

/** Takes part in every transaction. */
interface Participant {
  /** Before the commit: its own writes. */
  write(): void;
  committed(): void;
  undone(): void;
}

const nobody: Participant = { write() {}, committed() {}, undone() {} };

/** Under load, commits begin this far apart at least: each blocks the process for one fsync. */
const intervalMs = 5;

/**
 * Gathers writes into transactions: those of one turn of the event loop, and under load those of 5 ms, share one
 * fsync. Urgent ones wait for less, but so that no more than half of the time goes to commits, however slow the disk is.
 * A write that throws undoes the whole transaction and rejects all its writes.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #participant: Participant;
  #pending: PendingWrite[] = [];
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** When the last commit began, and when it was done. */
  #lastAt = 0;
  #doneAt = 0;

  constructor(database: DatabaseSync, participant = nobody) {
    this.#database = database;
    this.#participant = participant;
  }

  add(pending: PendingWrite): void {
    this.#pending.push(pending);
    if (this.#immediate || (this.#timer && !pending.urgent)) return;
    const tookMs = this.#doneAt - this.#lastAt;
    const at = pending.urgent ? this.#doneAt + tookMs : this.#lastAt + intervalMs;
    const wait = at - performance.now();
    clearTimeout(this.#timer);
    if (wait > 0) this.#timer = setTimeout(() => this.flush(), wait);
    else this.#immediate = setImmediate(() => this.flush());
  }

  flush(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    [this.#timer, this.#immediate] = [undefined, undefined];
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#pending = [];
    this.#lastAt = performance.now();
    const done: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { write } of batch) done.push(write());
      this.#participant.write();
      this.#database.exec('COMMIT');
      this.#participant.committed();
    } catch (error) {
      const cause = this.#undo(error);
      this.#participant.undone();
      for (const { reject } of batch) reject(cause);
      return;
    } finally {
      this.#doneAt = performance.now();
    }
    for (const callback of done) callback();
  }

  /** Nothing here may throw: those who wait for their writes must hear of it. */
  #undo(error: unknown): unknown {
    try {
      if (this.#database.isOpen && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return error;
    } catch (second) {
      return new AggregateError([error, second], 'A commit failed, and could not be undone.', { cause: error });
    }
  }
}
