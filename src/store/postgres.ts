import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect } from 'kysely';
import { innermost, isUnavailable, MillraceError, wordsOf } from '../domain/errors.ts';
import { migrate } from './migrations/migrations.ts';
import { isAway, openPool, type PoolOptions } from './postgres-pool.ts';
import { sqlStore } from './sql.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

export interface PostgresOptions extends PoolOptions {
  /** Whether it waits for a database that is away; true unless it is said. */
  readonly wait?: boolean;
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
export async function openPostgresStore({ onQuery, outage, wait = true, ...options }: PostgresOptions): Promise<Store> {
  let opened = false;
  // At the start it is told here what comes of it, and what no waiting mends is no outage.
  const began = (sentence: string) => opened && outage.began(sentence);
  const pool = openPool({ ...options, outage: { began, ended: () => outage.ended() } });
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool }),
    ...(onQuery && { log: (event) => onQuery(event.query.sql) }),
  });
  for (;;) {
    try {
      await migrate(db);
      opened = true;
      const store = sqlStore(db);
      return { ...store, check: () => store.check().catch(explain) };
    } catch (error) {
      const cause = innermost(error);
      if (!isAway(cause) || !wait) {
        await db.destroy();
        if (isAway(cause)) throw new Error(`Postgres is away: ${wordsOf(cause)}`, { cause });
        throw isUnavailable(error instanceof Error ? error.cause : error)
          ? new Error('Postgres lets nobody in by DATABASE_URL. Set its user, password and database right', { cause })
          : error;
      }
      outage.began(`${wordsOf(cause)}: the start waits for Postgres`);
      await sleep(againMs);
    }
  }
}

/** For `/ready`, which anybody may read: why it can't be used, without an address. */
function explain(error: unknown): never {
  const cause = innermost(error) as NodeJS.ErrnoException;
  const why = cause.syscall ? cause.code : wordsOf(cause);
  throw new MillraceError('UNAVAILABLE', `Postgres can't be used: ${why}`, { cause: error });
}
