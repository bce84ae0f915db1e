import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import { innermost, isUnavailable, wordsOf } from '../domain/errors.ts';
import { migrate } from './migrations/migrations.ts';
import { isAway, openPool, type PoolOptions } from './postgres-pool.ts';
import { sqlStore } from './sql.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

/** `onError` is also told of every try to open a database that is away. */
export interface PostgresOptions extends PoolOptions {
  /** Told the text of every statement that was run, for tests that count them. */
  readonly onQuery?: (statement: string) => void;
}

/** So long after a try to open a database that is away comes the next one. */
const againMs = 1_000;

/**
 * Opens the records in a Postgres database and brings its tables up to date; where several nodes start together, one
 * does it and the others wait. It waits for a database that is away; later, while it is away, every method throws
 * `UNAVAILABLE`, and once it is back none.
 *
 * @throws Error where the database is there and lets nobody in by this URL, or refuses to change its tables.
 */
export async function openPostgresStore({ onQuery, ...options }: PostgresOptions): Promise<Store> {
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: openPool(options) }),
    ...(onQuery && { log: (event) => onQuery(event.query.sql) }),
  });
  for (;;) {
    try {
      await migrate(db);
      return sqlStore(db);
    } catch (error) {
      const cause = innermost(error);
      if (!isAway(cause)) {
        await db.destroy();
        throw isUnavailable(error instanceof Error ? error.cause : error)
          ? new Error('Postgres lets nobody in by DATABASE_URL. Set its user, password and database right', { cause })
          : error;
      }
      options.onError(new Error(`Postgres is away: the start waits for it (${wordsOf(cause)})`, { cause }));
      await sleep(againMs);
    }
  }
}
