import fs from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  type QueryResult,
  SelectQueryNode,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import { LRUCache } from 'lru-cache';
import { diskFailed } from '../domain/errors.ts';
import { migrate } from './migrations/migrations.ts';
import { sqlStore } from './sql.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

/** How many statements stay prepared; far more than the store has. */
const preparedLimit = 256;
const busyTimeoutMs = 5000;

/**
 * Opens the records in a file, which is created where there is none, and brings its tables up to date.
 *
 * @param path where the file is; `:memory:` for records that nobody keeps.
 * @param onQuery is told the text of every statement that was run, for tests that count them.
 */
export async function openSqliteStore(
  path: string,
  { onQuery }: { onQuery?: (statement: string) => void } = {},
): Promise<Store> {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    database.exec('pragma journal_mode = wal');
    // A commit is in the WAL's file; `Disk` brings that to the disk.
    database.exec('pragma synchronous = normal');
    const disk = new Disk(database, path);
    const db = new Kysely<Tables>({
      dialect: new NodeSqliteDialect({ database: adapt(database) }, disk),
      ...(onQuery && { log: (event) => onQuery(event.query.sql) }),
    });
    await migrate(db);
    return sqlStore(db, (write) => db.connection().execute((one) => disk.without(() => write(one))));
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Has whoever asks wait until all that he may have seen is on the disk, and the process go on meanwhile: SQLite itself would
 * stop it for every commit. What others commit in the same turn, or while the disk is at work, goes to it together.
 */
class Disk {
  readonly #database: DatabaseSync;
  readonly #walPath: string;
  /** The file that SQLite writes what it commits to; undefined for records that nobody keeps. */
  readonly #wal: number | undefined;
  #isNeeded = true;
  /** Whether something was committed since the last way to the disk began. */
  #isBehind = false;
  #syncing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#walPath = `${path}-wal`;
    if (path === ':memory:') return;
    // What a process before has left goes into the database, where it may be in the system's memory alone: of a disk that
    // has failed the system may not say so again. And whoever reads makes the file, where there is none.
    database.exec('pragma wal_checkpoint(truncate); select count(*) from sqlite_schema');
    this.#wal = fs.openSync(this.#walPath, 'r+');
  }

  /** Takes note of a statement that was run: of a transaction the last one counts. */
  note({ query }: CompiledQuery): void {
    if (!this.#isNeeded || this.#database.isTransaction || SelectQueryNode.is(query)) return;
    this.#isBehind = this.#wal !== undefined;
  }

  /** Resolves when all that is committed by now is on the disk; undefined where it is. */
  get synced(): Promise<void> | undefined {
    if (this.#isBehind) this.#next ??= this.#sync(this.#syncing);
    return this.#isBehind ? this.#next : this.#syncing;
  }

  async #sync(before: Promise<void> | undefined): Promise<void> {
    await before;
    await nextTurn();
    this.#isBehind = false;
    [this.#syncing, this.#next] = [this.#next, undefined];
    await this.#flush();
    this.#syncing = undefined;
  }

  #flush(): Promise<void> {
    return new Promise((resolve) =>
      fs.fdatasync(this.#wal ?? -1, (cause) => {
        if (cause) throw diskFailed(this.#walPath, cause);
        resolve();
      }),
    );
  }

  /** Runs a write that the next one takes to the disk; a crash of the process alone leaves it there. */
  async without(write: () => Promise<void>): Promise<void> {
    this.#isNeeded = false;
    await write().finally(() => {
      this.#isNeeded = true;
    });
  }

  /** Once nothing is written any more. */
  async close(): Promise<void> {
    await this.synced;
    if (this.#wal !== undefined) fs.closeSync(this.#wal);
  }
}

/** Kysely runs a migration in a transaction where the dialect says that it can: SQLite does. */
class NodeSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;
  readonly #disk: Disk;

  constructor(config: SqliteDialectConfig, disk: Disk) {
    super(config);
    this.#config = config;
    this.#disk = disk;
  }

  override createDriver(): SqliteDriver {
    return new WaitingDriver(this.#config, this.#disk);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/**
 * One connection, which is free again before what was written with it is on the disk: only who asked waits for that.
 * Before a transaction reads anything it waits for that of another process (the command that makes keys): one that has
 * read already and is overtaken could only fail.
 */
class WaitingDriver extends SqliteDriver {
  readonly #disk: Disk;
  #connection: DatabaseConnection | undefined;
  /** Resolves when nobody has the connection. */
  #free = Promise.resolve();
  #release = () => {};

  constructor(config: SqliteDialectConfig, disk: Disk) {
    super(config);
    this.#disk = disk;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    await this.#turn();
    this.#connection ??= this.#noting(await super.acquireConnection());
    return this.#connection;
  }

  /** Resolves when all who came before have had the connection. */
  async #turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const free = this.#free;
    this.#free = promise;
    await free;
    this.#release = resolve;
  }

  override async releaseConnection(): Promise<void> {
    const { synced } = this.#disk;
    this.#release();
    await synced;
  }

  #noting(connection: DatabaseConnection): DatabaseConnection {
    return {
      executeQuery: async <Row>(query: CompiledQuery): Promise<QueryResult<Row>> => {
        const result = await connection.executeQuery<Row>(query);
        this.#disk.note(query);
        return result;
      },
      streamQuery: (query, size) => connection.streamQuery(query, size),
    };
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  override async destroy(): Promise<void> {
    await this.#turn();
    await this.#disk.close();
    await super.destroy();
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }

  /** Kysely would hold the only one until who has it was answered: the driver sees to it that it is one at a time. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** `node:sqlite` as Kysely wants it. Preparing costs more than most runs, so the last used statements are kept. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const prepared = new LRUCache<string, SqliteStatement>({ max: preparedLimit });
  return {
    prepare(text) {
      const known = prepared.get(text);
      if (known) return known;
      const statement = adaptStatement(database.prepare(text));
      prepared.set(text, statement);
      return statement;
    },
    close: () => database.close(),
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  // Kysely's parameters are whatever a query was given; node:sqlite itself refuses those that it can't bind.
  const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
  // As long as the statement lasts: migrations only add columns, so also where another process brings the tables up to date.
  const names = statement.columns().map(({ name }) => name);
  // SQLite's own objects have no shape: with them a page's rows cost a third more.
  statement.setReturnArrays(true);
  const rowOf = (cells: unknown) => {
    const row: Record<string, unknown> = {};
    names.forEach((name, i) => {
      row[name] = (cells as unknown[])[i];
    });
    return row;
  };
  return {
    reader: names.length > 0,
    all: (parameters) => statement.all(...values(parameters)).map(rowOf),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)).map(rowOf),
  };
}
