import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import * as start from './0001-start.ts';
import * as keys from './0002-keys.ts';
import * as quotas from './0003-quotas.ts';
import * as sharing from './0004-sharing.ts';

/** Every change of the tables, by name; the names' order is theirs. One that was published is never edited. */
const migrations: Record<string, Migration> = {
  '0001-start': start,
  '0002-keys': keys,
  '0003-quotas': quotas,
  '0004-sharing': sharing,
};

/**
 * Brings the tables up to date, each change in whole or not at all, and changes nothing where they are.
 * @throws whatever the database said to the change that failed.
 */
export async function migrate<Tables>(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error === undefined) return;
  const failed = results.find(({ status }) => status === 'Error')?.migrationName ?? 'the first step';
  throw new Error(`The tables could not be brought up to date: ${failed} failed`, { cause: error });
}
