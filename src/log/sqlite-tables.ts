import type { DatabaseSync } from 'node:sqlite';

/** A log's head, as its row has it. Of a log that is being written the row may be behind: see `Journal`. */
export interface HeadRow {
  log: number;
  id: string;
  epoch: string;
  offset: number;
  attempt: number;
  startedAt: number | null;
  firstTokenAt: number | null;
  ended: string | null;
}

export interface ReadRow {
  id: string;
  epoch: string;
  start: number;
  /** Null in the one row of a log that has nothing after `start`. */
  entry: string | null;
}

/** Each line of the journal is what one commit has added to logs that are being written: `[[log, offset, entry], …]`. */
const schema = `
  CREATE TABLE IF NOT EXISTS heads (
    log INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, offset INTEGER NOT NULL,
    attempt INTEGER NOT NULL, startedAt INTEGER, firstTokenAt INTEGER, ended TEXT, retireAt INTEGER) STRICT;
  CREATE INDEX IF NOT EXISTS heads_retireAt ON heads (retireAt) WHERE retireAt IS NOT NULL;
  CREATE TABLE IF NOT EXISTS entries (
    log INTEGER NOT NULL, offset INTEGER NOT NULL, entry TEXT NOT NULL, PRIMARY KEY (log, offset)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS journal (line INTEGER PRIMARY KEY, texts TEXT NOT NULL) STRICT;`;

export type Statements = ReturnType<typeof prepare>;

/**
 * Makes the tables where there are none, and all statements. With `synchronous = NORMAL` a commit is in the WAL's file, and
 * on the disk once that file is; SQLite itself sees to it that the WAL is on the disk before the tables are changed by it.
 */
export function prepare(database: DatabaseSync) {
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; ${schema}`);
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
    insertLine: database.prepare('INSERT INTO journal (line, texts) VALUES (?, ?)'),
    deleteLines: database.prepare('DELETE FROM journal WHERE line < ?'),
    lines: database.prepare('SELECT line, texts FROM journal ORDER BY line'),
    bringEntry: database.prepare(
      `INSERT OR IGNORE INTO entries (log, offset, entry)
       SELECT log, ?2, ?3 FROM heads WHERE log = ?1 AND ended IS NULL`,
    ),
    bringHead: database.prepare(
      `UPDATE heads SET offset = max(offset, ?2), firstTokenAt = coalesce(firstTokenAt, ?3)
       WHERE log = ?1 AND ended IS NULL`,
    ),
  };
}
