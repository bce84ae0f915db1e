import type { DatabaseSync } from 'node:sqlite';

/** Work within a transaction; returns what is to happen once it is durable. */
type Write = () => () => void;

interface PendingWrite {
  readonly write: Write;
  readonly reject: (error: unknown) => void;
  /** Somebody waits for it: it goes at the end of the turn, with all that has gathered, and is told first. */
  readonly urgent?: boolean;
}

/** What is to be told of a transaction that is on the disk. */
interface Done {
  readonly urgent: (() => void)[];
  readonly others: (() => void)[];
}

/** Takes part in every transaction. */
interface Participant {
  /** Before the commit: its own writes. */
  write(): void;
  committed(): void;
  undone(): void;
}

const nobody: Participant = { write() {}, committed() {}, undone() {} };

/** Brings to the disk what was committed, and never comes back where the disk does not take it. */
type Sync = (done: () => void) => void;

interface GroupCommitOptions {
  /** Commits alone do not wait for the disk. */
  readonly sync: Sync;
  readonly participant?: Participant;
}

/** Under load, commits begin this far apart at least: each costs one fsync. */
const intervalMs = 5;
/**
 * So many are told in one turn of the event loop, each of which takes some 25 µs, or a quarter of them where they are more:
 * whoever comes anew has several turns to wait for until he has something to read.
 */
const toldAtOnce = 128;

/**
 * Gathers writes into transactions: those of one turn of the event loop, and under load those of 5 ms or of the time that
 * telling of the last ones takes, share one fsync, for which the process does not stand still. Urgent ones wait for less:
 * for as long as the last one took, where that is not 5 ms. A write that throws undoes the whole transaction and rejects
 * all its writes.
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
  /** What is still to be told of what is on the disk. */
  readonly #untold: Done = { urgent: [], others: [] };

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
    if (this.#immediate || (!urgent && (this.#timer || this.#isTelling))) return;
    const tookMs = this.#doneAt - this.#lastAt;
    const usual = this.#lastAt + intervalMs;
    const at = urgent ? Math.min(this.#doneAt + tookMs, usual) : usual;
    const wait = at - performance.now();
    clearTimeout(this.#timer);
    if (wait > 0) this.#timer = setTimeout(() => this.#flush(), wait);
    else this.#immediate = setImmediate(() => this.#flush());
  }

  /** Commits what has gathered, and tells who waits for it once `sync` has brought it to the disk. */
  close(sync: () => void): void {
    const done = this.#commit();
    sync();
    const { urgent, others } = this.#untold;
    for (const callback of [...urgent.splice(0), ...others.splice(0)]) callback();
    for (const callback of [...(done?.urgent ?? []), ...(done?.others ?? [])]) callback();
  }

  #flush(): void {
    const done = this.#commit();
    if (!done) return;
    const syncing = Promise.withResolvers<void>();
    this.#syncing = syncing;
    this.#sync(() => {
      this.#syncing = undefined;
      this.#doneAt = performance.now();
      this.#tellOf(done);
      // Readers first: they go on before anything else is written.
      syncing.resolve();
      this.#scheduleNext();
    });
  }

  /** Those who wait for a beginning or an end overtake the others: whoever reads a log puts its messages in order. */
  #tellOf({ urgent, others }: Done): void {
    const isTelling = this.#isTelling;
    this.#untold.urgent.push(...urgent);
    this.#untold.others.push(...others);
    if (!isTelling) this.#tell();
  }

  get #isTelling(): boolean {
    return this.#untold.urgent.length + this.#untold.others.length > 0;
  }

  #tell(): void {
    const { urgent, others } = this.#untold;
    const atOnce = Math.max(toldAtOnce, (urgent.length + others.length) / 4);
    const first = urgent.splice(0, atOnce);
    for (const callback of [...first, ...others.splice(0, atOnce - first.length)]) callback();
    if (this.#isTelling) setImmediate(() => this.#tell());
    else if (!this.#syncing) this.#scheduleNext();
  }

  #scheduleNext(): void {
    if (this.#pending.length > 0) this.#schedule(this.#pending.some(({ urgent }) => urgent === true));
  }

  /** What is to happen once it is durable; undefined where it failed, which those who wait have been told. */
  #commit(): Done | undefined {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    [this.#timer, this.#immediate] = [undefined, undefined];
    const batch = this.#pending;
    if (batch.length === 0) return undefined;
    this.#pending = [];
    this.#lastAt = this.#doneAt = performance.now();
    const done: Done = { urgent: [], others: [] };
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { write, urgent } of batch) (urgent ? done.urgent : done.others).push(write());
      this.#participant.write();
      this.#database.exec('COMMIT');
      this.#participant.committed();
      return done;
    } catch (error) {
      const cause = this.#undo(error);
      this.#participant.undone();
      for (const { reject } of batch) reject(cause);
      return undefined;
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
