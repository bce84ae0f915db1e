import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { Pool } from '../../src/backends/pool.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { memoryBus } from '../../src/bus/memory.ts';
import type { Generation, Sampling } from '../../src/domain/generation.ts';
import { newId } from '../../src/domain/ids.ts';
import type { RunDeps } from '../../src/generation/run.ts';
import type { Log } from '../../src/log/log.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { Tails } from '../../src/log/tails.ts';
import { memoryQueue } from '../../src/queue/memory.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { ann, bob, draft } from '../contract/store/fixtures.ts';
import { temporaryFolder } from '../folder.ts';

export interface Parts {
  readonly store: Store;
  readonly log: Log;
  /** Has all logs lose what they have after an offset, as a store may that comes back without its last second. */
  shorten(offset: number): void;
  readonly bus: Bus;
  readonly queue: Queue;
  readonly tails: Tails;
  /** What `onError` was told. */
  readonly errors: unknown[];
  close(): Promise<void>;
}

interface PartsOptions {
  /** Between those who publish and the bus in memory. */
  wrap?: (bus: Bus) => Bus;
  silenceMs?: number;
}

/** A real log in a folder of its own and real records in memory, on one bus. */
export async function openParts({ wrap = (bus) => bus, silenceMs = 5_000 }: PartsOptions = {}): Promise<Parts> {
  const folder = temporaryFolder();
  const store = await openSqliteStore(':memory:');
  await store.viewers.put(ann);
  await store.viewers.put(bob);
  const bus = wrap(memoryBus());
  const path = join(folder.path, 'log.db');
  let opened = new SqliteLog({ path, bus });
  const log: Log = {
    append: (...args) => opened.append(...args),
    heads: (ids) => opened.heads(ids),
    read: (after) => opened.read(after),
    retire: (id, afterMs) => opened.retire(id, afterMs),
  };
  const shorten = (offset: number) => {
    opened.close();
    const database = new DatabaseSync(path);
    database.exec(`DELETE FROM entries WHERE offset > ${offset}; UPDATE heads SET offset = ${offset}`);
    database.close();
    opened = new SqliteLog({ path, bus });
  };
  const errors: unknown[] = [];
  const tails = new Tails({ log, bus, silenceMs, onError: (error) => errors.push(error) });
  const close = async () => {
    tails.close();
    opened.close();
    await store.close();
    folder.remove();
  };
  return { store, log, shorten, bus, queue: memoryQueue(), tails, errors, close };
}

/** The parts of the test that runs; each test must leave no tail behind, and no error that it did not take. */
export function useParts(options: PartsOptions = {}): { readonly parts: Parts } {
  let parts: Parts | undefined;
  beforeEach(async () => {
    parts = await openParts(options);
  });
  afterEach(async () => {
    const { tails, errors, close } = current();
    const left = { tails: tails.size, errors: [...errors] };
    await close();
    expect(left).toEqual({ tails: 0, errors: [] });
  });
  const current = () => {
    if (!parts) throw new Error('The parts are open within a test only.');
    return parts;
  };
  return {
    get parts() {
      return current();
    },
  };
}

/** A new queued generation: its row and its log. */
export async function queuedGeneration(
  { store, log }: Pick<Parts, 'store' | 'log'>,
  {
    parameters = {},
    modelId = 'whale',
    viewerId = ann.id,
  }: { parameters?: Sampling; modelId?: string; viewerId?: string } = {},
): Promise<Generation> {
  const base = draft({ id: newId('gen'), modelId, viewerId });
  const { generation } = await store.generations.submit({ ...base, generation: { ...base.generation, parameters } });
  await log.append(generation.id, null, [{ type: 'queued', at: 1 }]);
  return generation;
}

interface RunOptions {
  maxAttempts?: number;
  queueTimeoutMs?: number;
  batchIntervalMs?: number;
  concurrency?: number;
}

/** What `run` needs, with one model, `whale`, on these backends. */
export function runDeps(
  parts: Parts,
  backends: readonly Backend[],
  options: RunOptions = {},
): RunDeps & { pool: Pool } {
  const { maxAttempts = 3, queueTimeoutMs = 1_000, batchIntervalMs = 5, concurrency = 8 } = options;
  const pooled = backends.map((backend) => ({ backend, concurrency }));
  const pool = new Pool({ modelId: 'whale', backends: pooled });
  const models = new Map([['whale', { pool, queueTimeoutMs, maxAttempts }]]);
  const onError = (error: unknown) => parts.errors.push(error);
  return { ...parts, pool, models, batchIntervalMs, logRetentionMs: 60_000, onError };
}

export async function rowOf({ store }: Pick<Parts, 'store'>, id: string): Promise<Generation> {
  const [row] = await store.generations.byIds([id]);
  if (!row) throw new Error(`There is no ${id}.`);
  return row;
}

/** A log of which some methods do something else. */
export function changed(log: Log, changes: Partial<Log>): Log {
  return {
    append: (...args) => log.append(...args),
    heads: (ids) => log.heads(ids),
    read: (after, bytes) => log.read(after, bytes),
    retire: (id, afterMs) => log.retire(id, afterMs),
    ...changes,
  };
}
