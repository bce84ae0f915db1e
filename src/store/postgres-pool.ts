import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Pool } from 'pg';
import { MillraceError, wordsOf } from '../domain/errors.ts';
import type { Outage } from '../outage.ts';

export interface PoolOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  /** How many connections this process opens at most. */
  readonly poolSize: number;
  /** Told of connections that break while nobody uses them. */
  readonly onError: (error: unknown) => void;
  /** Told when the server can't be used, and when it can again. */
  readonly outage: Outage;
  /** A server that takes longer for one statement, in ms, is frozen, or not there any more. */
  readonly queryTimeoutMs?: number;
}

/** So long a query waits for a connection before it is `UNAVAILABLE`. */
const connectTimeoutMs = 2_000;
/** It is back when it answers and nothing has failed for so long: a server that is overloaded does both. */
const backMs = 1_000;

/**
 * Connections to a Postgres as Kysely wants them. What a lost or refused connection throws is turned into `UNAVAILABLE`,
 * and such a connection is not used again.
 */
export function openPool({ url, poolSize, onError, outage, queryTimeoutMs = 10_000 }: PoolOptions): PostgresPool {
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
  let failedAt = Number.NEGATIVE_INFINITY;
  const fail = (error: unknown) => {
    failedAt = performance.now();
    outage.began(`Postgres can't be used: ${wordsOf(error)}`);
    return unavailable(error);
  };
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw fail(error);
      });
      let broken: Error | undefined;
      const query = async (text: string, parameters: unknown[]) => {
        // What comes after it in a transaction, a ROLLBACK for one, would wait as long again.
        if (broken) throw unavailable(broken);
        try {
          const result = await client.query(text, parameters);
          if (performance.now() - failedAt > backMs) outage.ended();
          return result;
        } catch (error) {
          if (!isAway(error)) throw error;
          // Not to be used again: it may still be waiting for its answer.
          broken = error instanceof Error ? error : new Error(String(error));
          throw fail(error);
        }
      };
      return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release(broken) };
    },
  };
}

const unavailable = (cause: unknown) =>
  new MillraceError('UNAVAILABLE', 'The records can not be read or written now. Try again in a moment.', { cause });

/**
 * Whether it says that the server is away, rather than that it refused what it was asked. By the server's codes
 * (https://www.postgresql.org/docs/15/errcodes-appendix.html) it is for 08 (connection), 57P (shut down, or starting),
 * 53300 (too many connections) and 25006 (read only: another server was promoted). Of the errors of this side those of
 * the network have a code, and the driver's own have none.
 */
export function isAway(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === undefined) return error instanceof Error && /terminat|timeout|closed|not queryable/i.test(error.message);
  return /^(08|57P|53300|25006|EAI_)/.test(code) || /^E[A-Z]+$/.test(code);
}
