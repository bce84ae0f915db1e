import type { DatabaseSync } from 'node:sqlite';
import type { TextAppendedEntry } from '../domain/entry.ts';
import type { HeadRow, Statements } from './sqlite-tables.ts';

/** So many texts of one log are brought into it at once, or fewer that are so long together. */
const textsAtOnce = 32;
const charactersAtOnce = 1 << 14;
/** So often, in lines, those are forgotten that are in their logs. */
const lookLines = 256;
/** Text is in the journal alone for so many lines at most, or a little longer. */
const mostLines = 1_024;

/** A log that is being written. */
export interface Running {
  head: HeadRow;
  /** Its last entries, as JSON, which are in the journal alone. */
  waiting: string[];
  /** How long they are together. */
  characters: number;
  /** The line of the first of them. */
  since: number;
  /** The transaction that has last changed it. */
  changedBy: number;
}

/** What a log was like: `length` is how many texts waited, `known` whether it was being written. */
interface Before {
  readonly running: Running;
  readonly known: boolean;
  readonly length: number;
  readonly state: Omit<Running, 'head' | 'changedBy'>;
  readonly head: Pick<HeadRow, 'offset' | 'attempt' | 'startedAt' | 'firstTokenAt' | 'ended'>;
}

/**
 * The texts of all logs that are being written, one line for each commit. Each log has its place in the tables: a text in
 * each of many logs is a page for each of them, and in the journal one for all. They are brought into their logs many at
 * a time, or when anything but text follows them. What is known here and not in the tables yet is in memory too.
 *
 * All but `get` and `close` is called within a transaction, `committed` or `undone` after it.
 */
export class Journal {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #running = new Map<string, Running>();
  /** What they were before this transaction. */
  #before: Before[] = [];
  #transaction = 1;
  #texts: string[] = [];
  /** The number of the last line; of this transaction's, if it has one. */
  #line = 0;
  #lineBefore = 0;

  constructor(database: DatabaseSync, statements: Statements) {
    this.#database = database;
    this.#statements = statements;
    this.#bringAll();
  }

  get(id: string): Running | undefined {
    return this.#running.get(id);
  }

  /** From here on the text of a log is kept here; its row is as `head` says. */
  begin(head: HeadRow): void {
    const running = { head, waiting: [], characters: 0, since: 0, changedBy: 0 };
    this.#touch(running);
    this.#running.set(head.id, running);
  }

  add(running: Running, entry: TextAppendedEntry): void {
    this.#touch(running);
    const { head, waiting } = running;
    const json = JSON.stringify(entry);
    if (waiting.length === 0) running.since = this.#lineBefore + 1;
    waiting.push(json);
    this.#texts.push(`[${head.log},${++head.offset},${json}]`);
    head.firstTokenAt ??= entry.at;
    running.characters += json.length;
    if (waiting.length >= textsAtOnce || running.characters >= charactersAtOnce) this.bring(running);
  }

  /** Brings what waits into its log. */
  bring(running: Running): void {
    this.#touch(running);
    const { head, waiting } = running;
    let offset = head.offset - waiting.length;
    for (const json of waiting) this.#statements.insertEntry.run(head.log, ++offset, json);
    writeHead(this.#statements, head, null);
    running.waiting = [];
    running.characters = 0;
  }

  /** It is written no more, or is gone. */
  forget(id: string): void {
    const running = this.#running.get(id);
    if (!running) return;
    this.#touch(running);
    this.#running.delete(id);
  }

  /** Writes the transaction's line. */
  write(): void {
    if (this.#texts.length === 0) return;
    this.#statements.insertLine.run(++this.#line, `[${this.#texts.join()}]`);
    this.#texts = [];
    if (this.#line % lookLines === 0) this.#forgetLines();
  }

  #forgetLines(): void {
    let oldest = this.#line + 1;
    for (const running of this.#running.values()) {
      if (running.waiting.length === 0) continue;
      if (running.since <= this.#line - mostLines) this.bring(running);
      else oldest = Math.min(oldest, running.since);
    }
    this.#statements.deleteLines.run(oldest);
  }

  committed(): void {
    this.#lineBefore = this.#line;
    this.#forgetBefore();
  }

  undone(): void {
    // Backwards: what is brought and begun again in one transaction has two notes of the same head.
    for (const { running, known, length, state, head } of this.#before.toReversed()) {
      Object.assign(running.head, head);
      Object.assign(running, state);
      running.waiting.length = length;
      const { id } = running.head;
      if (known) this.#running.set(id, running);
      else if (this.#running.get(id) === running) this.#running.delete(id);
    }
    this.#texts = [];
    this.#line = this.#lineBefore;
    this.#forgetBefore();
  }

  #forgetBefore(): void {
    this.#before = [];
    this.#transaction++;
  }

  /** Brings everything into its log, so that the next start has nothing to do. */
  close(): void {
    this.#inTransaction(() => {
      for (const running of this.#running.values()) this.bring(running);
      this.#statements.deleteLines.run(this.#line + 1);
    });
  }

  /** Notes what it is like, unless this transaction has changed it already. Once for each text: no more than is needed. */
  #touch(running: Running): void {
    if (running.changedBy === this.#transaction) return;
    running.changedBy = this.#transaction;
    const { waiting, characters, since } = running;
    const { id, offset, attempt, startedAt, firstTokenAt, ended } = running.head;
    this.#before.push({
      running,
      known: this.#running.get(id) === running,
      length: waiting.length,
      state: { waiting, characters, since },
      head: { offset, attempt, startedAt, firstTokenAt, ended },
    });
  }

  /** What another process, or this one before, has left in the journal; much of it is in its log already. */
  #bringAll(): void {
    const { lines, bringEntry, bringHead, deleteLines } = this.#statements;
    this.#inTransaction(() => {
      for (const { line, texts } of lines.iterate() as Iterable<{ line: number; texts: string }>) {
        this.#line = this.#lineBefore = line;
        for (const [log, offset, entry] of JSON.parse(texts) as [number, number, TextAppendedEntry][]) {
          bringEntry.run(log, offset, JSON.stringify(entry));
          bringHead.run(log, offset, entry.at);
        }
      }
      deleteLines.run(this.#line + 1);
    });
  }

  #inTransaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

export function writeHead({ updateHead }: Statements, head: HeadRow, retireAt: number | null): void {
  const { log, offset, attempt, startedAt, firstTokenAt, ended } = head;
  updateHead.run(offset, attempt, startedAt, firstTokenAt, ended, retireAt, log);
}
