import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import { Pool } from 'pg';
import { MillraceError } from '../domain/errors.ts';
import { migrate } from './migrations/migrations.ts';
import { sqlStore } from './sql.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** How many connections this process opens at most. */
  readonly poolSize: number;
  /** Told of connections that break while nobody uses them. */
  readonly onError: (error: unknown) => void;
  /** Told the text of every statement that was run, for tests that count them. */
  readonly onQuery?: (statement: string) => void;
}

/** So long a query waits for a connection before it is `UNAVAILABLE`. */
const connectTimeoutMs = 2_000;
/** A server that takes longer for one statement is frozen, or not there any more. */
const queryTimeoutMs = 10_000;

/**
 * Opens the records in a Postgres database and brings its tables up to date; where several nodes start together, one
 * does it and the others wait. While the database is away every method throws `UNAVAILABLE`, and once it is back none.
 */
export async function openPostgresStore({ url, poolSize, onError, onQuery }: PostgresOptions): Promise<Store> {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
  });
  pool.on('error', onError);
  // The pool listens to idle connections only. One that breaks in use fails its query, and says so once more here:
  // an error that nobody hears would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: unavailableWhenAway(pool) }),
    ...(onQuery && { log: (event) => onQuery(event.query.sql) }),
  });
  try {
    await migrate(db);
    return sqlStore(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** The pool as Kysely wants it, with what a lost or refused connection throws turned into `UNAVAILABLE`. */
function unavailableWhenAway(pool: Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw unavailable(error);
      });
      let broken: Error | undefined;
      const query = async (text: string, parameters: unknown[]) => {
        try {
          return await client.query(text, parameters);
        } catch (error) {
          if (!isAway(error)) throw error;
          // Not to be used again: it may still be waiting for its answer.
          broken = error instanceof Error ? error : new Error(String(error));
          throw unavailable(error);
        }
      };
      return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release(broken) };
    },
  };
}

const unavailable = (cause: unknown) =>
  new MillraceError('UNAVAILABLE', 'The records can not be read or written now. Try again in a moment.', { cause });

/**
 * Whether an error says that the server is away, and not that it refused a statement: the classes 08 (connection
 * exception) and 57P (operator intervention), and 25006 (read only, after a fail-over) of https://www.postgresql.org/docs/15/errcodes-appendix.html, or an error
 * that is none of the server's own.
 */
function isAway(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === undefined) return error instanceof Error && /terminat|timeout|closed|not queryable/i.test(error.message);
  return /^(08|57P|25006)/.test(code) || /^E[A-Z]+$/.test(code);
}
