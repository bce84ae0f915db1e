import type { TestProject } from 'vitest/node';
import { startPostgres } from '../postgres-server.ts';

/** One Postgres for all files of the distributed mode; each server has a database of its own in it. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  provide('postgres', (await server.database()).replace(/\/postgres$/, ''));
  return () => server.stop();
}
