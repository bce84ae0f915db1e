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

/** Brings to the disk what was committed. */
type Sync = (done: (error: unknown) => void) => void;

interface GroupCommitOptions {
  /** Commits alone do not wait for the disk. */
  readonly sync: Sync;
  readonly participant?: Participant;
}

/** Under load, commits begin this far apart at least: each costs one fsync. */
const intervalMs = 5;

/**
 * Gathers writes into transactions: those of one turn of the event loop, and under load those of 5 ms, share one
 * fsync, for which the process does not stand still. Urgent ones wait for less, but so that the disk rests for as long as
 * it has worked. A write that throws undoes the whole transaction and rejects all its writes.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #participant: Participant;
  readonly #sync: Sync;
  #pending: PendingWrite[] = [];
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  /** While what was committed is on its way to the disk. */
  #syncing: PromiseWithResolvers<void> | undefined;
  /** When the last commit began, and when it was on the disk. */
  #lastAt = 0;
  #doneAt = 0;

  constructor(database: DatabaseSync, { sync, participant = nobody }: GroupCommitOptions) {
    this.#database = database;
    this.#participant = participant;
    this.#sync = sync;
  }

  /** Resolves once nothing can be read that is not on the disk; undefined where that is so now. */
  get synced(): Promise<void> | undefined {
    return this.#syncing?.promise;
  }

  add(pending: PendingWrite): void {
    this.#pending.push(pending);
    if (!this.#syncing) this.#schedule(pending.urgent === true);
  }

  #schedule(urgent: boolean): void {
    if (this.#immediate || (this.#timer && !urgent)) return;
    const tookMs = this.#doneAt - this.#lastAt;
    const at = urgent ? this.#doneAt + tookMs : this.#lastAt + intervalMs;
    const wait = at - performance.now();
    clearTimeout(this.#timer);
    if (wait > 0) this.#timer = setTimeout(() => this.#flush(), wait);
    else this.#immediate = setImmediate(() => this.#flush());
  }

  /** Commits what has gathered, and tells who waits for it once `sync` has brought it to the disk. */
  close(sync: () => void): void {
    const done = this.#commit();
    sync();
    for (const callback of done) callback();
  }

  #flush(): void {
    const batch = this.#pending;
    const done = this.#commit();
    if (done.length === 0) return;
    const syncing = Promise.withResolvers<void>();
    this.#syncing = syncing;
    this.#sync((error) => {
      this.#syncing = undefined;
      this.#doneAt = performance.now();
      if (error) for (const { reject } of batch) reject(error);
      else for (const callback of done) callback();
      // Readers first: they go on before anything else is written.
      syncing.resolve();
      if (this.#pending.length > 0) this.#schedule(this.#pending.some(({ urgent }) => urgent === true));
    });
  }

  /** What is to happen once it is durable; nothing where it failed, which those who wait have been told. */
  #commit(): (() => void)[] {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    [this.#timer, this.#immediate] = [undefined, undefined];
    const batch = this.#pending;
    if (batch.length === 0) return [];
    this.#pending = [];
    this.#lastAt = this.#doneAt = performance.now();
    const done: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { write } of batch) done.push(write());
      this.#participant.write();
      this.#database.exec('COMMIT');
      this.#participant.committed();
      return done;
    } catch (error) {
      const cause = this.#undo(error);
      this.#participant.undone();
      for (const { reject } of batch) reject(cause);
      return [];
    }
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
