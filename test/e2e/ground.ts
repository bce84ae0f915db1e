import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { inject } from 'vitest';
import { newId } from '../../src/domain/ids.ts';
import { startRedis } from '../redis-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `postgres://…` of the server for all files, without a database; only where the mode is distributed. */
    postgres: string;
  }
}

/** Whether servers run on a Redis and a Postgres, or on files; the same tests run in both modes. */
export const isDistributed = process.env.MILLRACE_TEST_MODE === 'distributed';

/** What a server keeps its data in. */
export interface Ground {
  /** What leads the server there. */
  readonly env: Readonly<Record<string, string>>;
  /** Loses all logs, as a disk does or a Redis without AOF. The server is down. */
  loseLogs(): Promise<void>;
  remove(): Promise<void>;
}

/** Files in the server's data folder, or a Redis of its own and a database of its own. */
export const openGround = (dataDir: string): Promise<Ground> => (isDistributed ? onServers() : onFiles(dataDir));

async function onFiles(dataDir: string): Promise<Ground> {
  return {
    env: {},
    async loseLogs() {
      for (const file of ['log.db', 'log.db-wal', 'log.db-shm']) rmSync(join(dataDir, file), { force: true });
    },
    async remove() {},
  };
}

async function onServers(): Promise<Ground> {
  const origin = inject('postgres');
  const database = newId('gen').toLowerCase();
  const asOwner = async (statement: string) => {
    const client = new Client({ connectionString: `${origin}/postgres` });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  const [redis] = await Promise.all([startRedis(), asOwner(`create database ${database}`)]);
  return {
    env: { REDIS_URL: redis.url, DATABASE_URL: `${origin}/${database}` },
    async loseLogs() {
      const client = new Redis(redis.url);
      await client.flushall();
      client.disconnect();
    },
    async remove() {
      await redis.stop();
      await asOwner(`drop database ${database} with (force)`);
    },
  };
}
