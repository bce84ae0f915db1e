import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Bus } from '../bus/bus.ts';
import type { EndedEntry, Entry } from '../domain/entry.ts';
import { diskFailed } from '../domain/errors.ts';
import { GroupCommit } from './group-commit.ts';
import { Journal, writeHead } from './journal.ts';
import {
  AppendRefused,
  endedLifeMs,
  type Head,
  type Log,
  logTopic,
  newEpoch,
  type Place,
  type ReadSlice,
  type RefusalReason,
  type Slice,
  turnsTopic,
} from './log.ts';
import { type HeadRow, prepare, type ReadRow, type Statements } from './sqlite-tables.ts';

/** A `ReadSlice` in the making. */
interface Filling {
  epoch: string;
  after: number;
  entries: Entry[];
  more: boolean;
  bytes: number;
}

/** About how much one `read` gives of one log where nobody says. */
const sliceBytes = 4 << 20;
const purgeIntervalMs = 60_000;
/** How many logs one transaction forgets. */
const purgeAtOnce = 20;

/** Logs in a SQLite file, each append durable by fsync before it is published. */
export class SqliteLog implements Log {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #bus: Bus;
  readonly #commits: GroupCommit;
  readonly #now: () => number;
  readonly #purge: NodeJS.Timeout;
  readonly #statements: Statements;
  readonly #journal: Journal;
  /** The file that SQLite writes what it commits to, before it is brought to the disk. */
  readonly #wal: number;

  constructor({ path, bus, now = Date.now }: { path: string; bus: Bus; now?: () => number }) {
    this.#path = path;
    this.#database = new DatabaseSync(path);
    this.#statements = prepare(this.#database);
    // What a process before has left may be in the system's memory alone, which of a disk that has failed says so once.
    this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#journal = new Journal(this.#database, this.#statements);
    this.#bus = bus;
    this.#now = now;
    this.#wal = fs.openSync(`${path}-wal`, 'r+');
    const sync = (done: () => void) =>
      fs.fdatasync(this.#wal, (cause) => {
        if (cause) throw diskFailed(path, cause);
        done();
      });
    this.#commits = new GroupCommit(this.#database, { sync, participant: this.#journal });
    this.#purge = setInterval(() => this.purge(), purgeIntervalMs).unref();
  }

  append(id: string, after: Place | null, entries: readonly Entry[], epoch?: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Of now: whoever gave it may have moved on when the transaction begins.
    const place = after && { epoch: after.epoch, offset: after.offset, attempt: after.attempt };
    const write = () => {
      const running = this.#journal.get(id);
      const head = running?.head ?? (this.#statements.head.get(id) as HeadRow | undefined);
      if (head && !place) return resolve;
      const reason = place && refusal(head, place);
      if (reason === 'shortened') this.#rename(id);
      if (reason) return () => reject(new AppendRefused(id, reason));
      const row = head ?? this.#begin(id, epoch);
      const slice: Slice = { epoch: row.epoch, after: row.offset, entries };
      if (running && entries.every(isText)) for (const entry of entries) this.#journal.add(running, entry);
      else this.#insert(row, entries);
      return () => {
        void this.#bus.publish(logTopic(id), slice);
        if (!entries.every(isText)) void this.#bus.publish(turnsTopic(id), slice);
        resolve();
      };
    };
    this.#commits.add({ write, reject, urgent: !entries.every(goesOn) });
    return promise;
  }

  #begin(id: string, epoch = newEpoch()): HeadRow {
    this.#statements.insertHead.run(id, epoch);
    return this.#statements.head.get(id) as unknown as HeadRow;
  }

  /** Its next entries, by whoever reads it anew, are of another log. */
  #rename(id: string): void {
    this.#bring(id);
    this.#statements.rename.run(newEpoch(), id);
  }

  /** From here on all that is known of a log is in the tables. */
  #bring(id: string): void {
    const running = this.#journal.get(id);
    if (!running) return;
    this.#journal.bring(running);
    this.#journal.forget(id);
  }

  #insert(row: HeadRow, entries: readonly Entry[]): void {
    this.#bring(row.id);
    let begun = row.attempt > 0;
    for (const entry of entries) {
      const json = JSON.stringify(entry);
      this.#statements.insertEntry.run(row.log, ++row.offset, json);
      if (entry.type === 'attemptStarted') {
        row.attempt = entry.attempt;
        row.startedAt ??= entry.at;
        begun = true;
      }
      if (entry.type === 'textAppended') row.firstTokenAt ??= entry.at;
      if (entry.type === 'ended') row.ended = json;
    }
    writeHead(this.#statements, row, row.ended === null ? null : this.#now() + endedLifeMs);
    if (begun && row.ended === null) this.#journal.begin(row);
  }

  async heads(ids: readonly string[]): Promise<Map<string, Head>> {
    if (this.#commits.synced) await this.#commits.synced;
    const rows = ids.flatMap((id) => this.#journal.get(id)?.head ?? []);
    const others = rows.length > 0 ? ids.filter((id) => !this.#journal.get(id)) : ids;
    if (others.length > 0) rows.push(...(this.#statements.heads.all(JSON.stringify(others)) as unknown as HeadRow[]));
    return new Map(rows.map((row) => [row.id, toHead(row)]));
  }

  async read(after: ReadonlyMap<string, number>, bytes = sliceBytes): Promise<Map<string, ReadSlice>> {
    if (this.#commits.synced) await this.#commits.synced;
    const slices = new Map<string, Filling>();
    for (const row of this.#statements.read.iterate(JSON.stringify([...after])) as Iterable<ReadRow>) {
      let slice = slices.get(row.id);
      if (!slice) {
        slice = { epoch: row.epoch, after: row.start, entries: [], more: false, bytes: 0 };
        slices.set(row.id, slice);
      }
      if (row.entry === null) continue;
      if (slice.bytes > bytes) {
        slice.more = true;
        // Nobody else waits for what follows.
        if (after.size === 1) break;
        continue;
      }
      slice.entries.push(JSON.parse(row.entry));
      slice.bytes += row.entry.length;
    }
    for (const [id, slice] of slices) this.#fillFromJournal(id, slice, bytes);
    return slices;
  }

  #fillFromJournal(id: string, slice: Filling, bytes: number): void {
    const running = this.#journal.get(id);
    if (!running || slice.more) return;
    const missing = running.head.offset - slice.after - slice.entries.length;
    for (const json of missing > 0 ? running.waiting.slice(-missing) : []) {
      if (slice.bytes > bytes) {
        slice.more = true;
        return;
      }
      slice.entries.push(JSON.parse(json));
      slice.bytes += json.length;
    }
  }

  retire(id: string, afterMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const write = () => {
      this.#bring(id);
      this.#statements.retire.run(this.#now() + afterMs, id);
      if (afterMs === 0) this.#purgeNow();
      return resolve;
    };
    this.#commits.add({ write, reject });
    return promise;
  }

  /** Forgets the logs whose time has come. */
  purge(): void {
    this.#commits.add({
      write: () => {
        const more = this.#purgeNow() === purgeAtOnce;
        return () => {
          if (more) this.purge();
        };
      },
      // The next round tries again, and what is left behind does no harm.
      reject: () => {},
    });
  }

  /** How many went: what is left waits for the next transaction, so that the process is not blocked for long. */
  #purgeNow(): number {
    const { expired, purgeEntries, purgeHead } = this.#statements;
    const rows = expired.all(this.#now(), purgeAtOnce) as unknown as { log: number }[];
    for (const { log } of rows) {
      purgeEntries.run(log);
      purgeHead.run(log);
    }
    return rows.length;
  }

  #syncNow(): void {
    try {
      fs.fdatasyncSync(this.#wal);
    } catch (cause) {
      throw diskFailed(this.#path, cause);
    }
  }

  close(): void {
    clearInterval(this.#purge);
    this.#commits.close(() => {
      this.#journal.close();
      this.#syncNow();
    });
    this.#database.close();
    // After what is under way with it.
    void Promise.resolve(this.#commits.synced).then(() => fs.closeSync(this.#wal));
  }
}

/** Why nothing may be written at this place, if so. */
function refusal(head: HeadRow | undefined, after: Place): RefusalReason | undefined {
  if (!head) return 'missing';
  if (head.ended !== null) return 'ended';
  if (head.epoch !== after.epoch) return 'superseded';
  if (head.offset < after.offset && head.attempt <= after.attempt) return 'shortened';
  return head.offset === after.offset && head.attempt === after.attempt ? undefined : 'superseded';
}

const isText = (entry: Entry) => entry.type === 'textAppended';

/** Whether it is text after text: whoever reads it has something to read. */
const goesOn = (entry: Entry) => isText(entry) && entry.position > 0;

const toHead = ({ epoch, offset, attempt, startedAt, firstTokenAt, ended }: HeadRow): Head => ({
  epoch,
  offset,
  attempt,
  startedAt,
  firstTokenAt,
  ended: ended ? (JSON.parse(ended) as EndedEntry) : null,
});
