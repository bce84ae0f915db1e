import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { memoryBus } from '../../src/bus/memory.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { appendTo, logContract, queued, started } from '../contract/log.ts';
import { temporaryFolder } from '../folder.ts';

logContract('SqliteLog', async () => {
  const folder = temporaryFolder();
  const bus = memoryBus();
  const log = new SqliteLog({ path: join(folder.path, 'log.db'), bus });
  return {
    log,
    bus,
    async close() {
      log.close();
      folder.remove();
    },
  };
});

test('logs whose time has come are forgotten, many at once and whole, and later ones have nothing of them', async () => {
  const folder = temporaryFolder();
  let now = 1_000;
  // Each look at the clock finds it moved on: what expires while a purge runs is left to the next, or goes whole.
  const log = new SqliteLog({ path: join(folder.path, 'log.db'), bus: memoryBus(), now: () => now++ });
  const ids = Array.from({ length: 50 }, (_, i) => `gen_${i}`);
  for (const id of ids) {
    await log.append(id, null, [queued]);
    await appendTo(log, id, [started(1)]);
  }
  await Promise.all(ids.map((id, i) => log.retire(id, 10 + i)));
  now += 50;
  log.purge();
  await vi.waitFor(async () => expect((await log.heads(ids)).size).toBeLessThan(10));
  now += 1_000;
  log.purge();
  await vi.waitFor(async () => expect((await log.heads(ids)).size).toBe(0));
  for (const id of ids) await log.append(id, null, [queued]);
  const slices = await log.read(new Map(ids.map((id) => [id, 0])));
  expect([...slices.values()].every(({ entries }) => entries.length === 1)).toBe(true);
  log.close();
  folder.remove();
});
