import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import type { Lightly } from './generations.ts';
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
    database.exec('pragma synchronous = full');
    const db = new Kysely<Tables>({
      dialect: new NodeSqliteDialect({ database: adapt(database) }),
      ...(onQuery && { log: (event) => onQuery(event.query.sql) }),
    });
    await migrate(db);
    return sqlStore(db, (write) => db.connection().execute((one) => withoutSync(one, write)));
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Runs a write that does not wait for the disk, for which the whole process would wait: a crash of the process leaves it
 * there, and the next commit takes it to the disk.
 */
async function withoutSync(db: Kysely<Tables>, write: Parameters<Lightly>[0]): Promise<void> {
  await db.executeQuery(CompiledQuery.raw('pragma synchronous = normal'));
  try {
    await write(db);
  } finally {
    await db.executeQuery(CompiledQuery.raw('pragma synchronous = full'));
  }
}

/** Kysely runs a migration in a transaction where the dialect says that it can: SQLite does. */
class NodeSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new WaitingDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

/**
 * A transaction waits for that of another process (the command that makes keys) before it reads anything: one that has
 * read already and is overtaken could only fail.
 */
class WaitingDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** `node:sqlite` as Kysely wants it. Preparing costs more than most runs, so the last used statements are kept. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>();
  return {
    prepare(text) {
      const statement = prepared.get(text) ?? adaptStatement(database.prepare(text));
      prepared.delete(text);
      prepared.set(text, statement);
      const [oldest] = prepared.keys();
      if (prepared.size > preparedLimit && oldest !== undefined) prepared.delete(oldest);
      return statement;
    },
    close: () => database.close(),
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  // Kysely's parameters are whatever a query was given; node:sqlite itself refuses those that it can't bind.
  const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[];
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...values(parameters)),
    run: (parameters) => statement.run(...values(parameters)),
    iterate: (parameters) => statement.iterate(...values(parameters)),
  };
}
