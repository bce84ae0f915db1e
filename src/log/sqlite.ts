import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { Bus } from '../bus/bus.ts';
import type { EndedEntry, Entry } from '../domain/entry.ts';
import { GroupCommit } from './group-commit.ts';
import {
  AppendRefused,
  endedLifeMs,
  type Head,
  type Log,
  logTopic,
  type Place,
  type ReadSlice,
  type RefusalReason,
  type Slice,
} from './log.ts';

interface HeadRow {
  log: number;
  id: string;
  epoch: string;
  offset: number;
  attempt: number;
  startedAt: number | null;
  firstTokenAt: number | null;
  ended: string | null;
}

interface ReadRow {
  id: string;
  epoch: string;
  start: number;
  /** Null in the one row of a log that has nothing after `start`. */
  entry: string | null;
}

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

const schema = `
  CREATE TABLE IF NOT EXISTS heads (
    log INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, offset INTEGER NOT NULL,
    attempt INTEGER NOT NULL, startedAt INTEGER, firstTokenAt INTEGER, ended TEXT, retireAt INTEGER) STRICT;
  CREATE INDEX IF NOT EXISTS heads_retireAt ON heads (retireAt) WHERE retireAt IS NOT NULL;
  CREATE TABLE IF NOT EXISTS entries (
    log INTEGER NOT NULL, offset INTEGER NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (log, offset)) STRICT, WITHOUT ROWID;`;

/** Logs in a SQLite file, each append durable by fsync before it is published. */
export class SqliteLog implements Log {
  readonly #database: DatabaseSync;
  readonly #bus: Bus;
  readonly #commits: GroupCommit;
  readonly #now: () => number;
  readonly #purge: NodeJS.Timeout;
  readonly #statements;

  constructor({ path, bus, now = Date.now }: { path: string; bus: Bus; now?: () => number }) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; ${schema}`);
    this.#bus = bus;
    this.#now = now;
    this.#commits = new GroupCommit(this.#database);
    this.#statements = prepare(this.#database);
    this.#purge = setInterval(() => this.purge(), purgeIntervalMs).unref();
  }

  append(id: string, after: Place | null, entries: readonly Entry[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Of now: whoever gave it may have moved on when the transaction begins.
    const place = after && { epoch: after.epoch, offset: after.offset, attempt: after.attempt };
    const write = () => {
      const head = this.#statements.head.get(id) as HeadRow | undefined;
      if (head && !place) return resolve;
      const reason = place && refusal(head, place);
      if (reason === 'shortened') this.#statements.rename.run(newEpoch(), id);
      if (reason) return () => reject(new AppendRefused(id, reason));
      const row = head ?? this.#begin(id);
      this.#insert(row, entries);
      const slice: Slice = { epoch: row.epoch, after: row.offset, entries };
      return () => {
        void this.#bus.publish(logTopic(id), slice);
        resolve();
      };
    };
    this.#commits.add({ write, reject });
    return promise;
  }

  #begin(id: string): HeadRow {
    this.#statements.insertHead.run(id, newEpoch());
    return this.#statements.head.get(id) as unknown as HeadRow;
  }

  #insert(row: HeadRow, entries: readonly Entry[]): void {
    let { offset, attempt, startedAt, firstTokenAt, ended } = row;
    for (const entry of entries) {
      const json = JSON.stringify(entry);
      this.#statements.insertEntry.run(row.log, ++offset, json);
      if (entry.type === 'attemptStarted') {
        attempt = entry.attempt;
        startedAt ??= entry.at;
      }
      if (entry.type === 'textAppended') firstTokenAt ??= entry.at;
      if (entry.type === 'ended') ended = json;
    }
    const retireAt = ended === null ? null : this.#now() + endedLifeMs;
    this.#statements.updateHead.run(offset, attempt, startedAt, firstTokenAt, ended, retireAt, row.log);
  }

  async heads(ids: readonly string[]): Promise<Map<string, Head>> {
    const rows = this.#statements.heads.all(JSON.stringify(ids)) as unknown as HeadRow[];
    return new Map(rows.map((row) => [row.id, toHead(row)]));
  }

  async read(after: ReadonlyMap<string, number>, bytes = sliceBytes): Promise<Map<string, ReadSlice>> {
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
    return slices;
  }

  retire(id: string, afterMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const write = () => {
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

  close(): void {
    clearInterval(this.#purge);
    this.#commits.flush();
    this.#database.close();
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

const newEpoch = () => randomBytes(6).toString('base64url');

const toHead = ({ epoch, offset, attempt, startedAt, firstTokenAt, ended }: HeadRow): Head => ({
  epoch,
  offset,
  attempt,
  startedAt,
  firstTokenAt,
  ended: ended ? (JSON.parse(ended) as EndedEntry) : null,
});

function prepare(database: DatabaseSync) {
  return {
    head: database.prepare('SELECT * FROM heads WHERE id = ?'),
    heads: database.prepare('SELECT * FROM heads WHERE id IN (SELECT value FROM json_each(?))'),
    insertHead: database.prepare('INSERT INTO heads (id, epoch, offset, attempt) VALUES (?, ?, 0, 0)'),
    updateHead: database.prepare(
      'UPDATE heads SET offset = ?, attempt = ?, startedAt = ?, firstTokenAt = ?, ended = ?, retireAt = ? WHERE log = ?',
    ),
    rename: database.prepare('UPDATE heads SET epoch = ? WHERE id = ?'),
    insertEntry: database.prepare('INSERT INTO entries (log, offset, entry) VALUES (?, ?, ?)'),
    read: database.prepare(
      `SELECT heads.id, heads.epoch, places.value ->> 1 AS start, entries.entry FROM json_each(?) AS places
       JOIN heads ON heads.id = places.value ->> 0
       LEFT JOIN entries ON entries.log = heads.log AND entries.offset > places.value ->> 1
       ORDER BY heads.log, entries.offset`,
    ),
    retire: database.prepare('UPDATE heads SET retireAt = ? WHERE id = ?'),
    expired: database.prepare('SELECT log FROM heads WHERE retireAt <= ? LIMIT ?'),
    purgeEntries: database.prepare('DELETE FROM entries WHERE log = ?'),
    purgeHead: database.prepare('DELETE FROM heads WHERE log = ?'),
  };
}
