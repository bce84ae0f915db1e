import fs from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { memoryBus } from '../../src/bus/memory.ts';
import { logTopic } from '../../src/log/log.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { appendTo, headOf, logContract, queued, started, text } from '../contract/log.ts';
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

test('an append that was undone with others is as if it had never been tried, and one to a log that is gone is refused', async () => {
  const folder = temporaryFolder();
  const log = new SqliteLog({ path: join(folder.path, 'log.db'), bus: memoryBus() });
  for (const id of ['gen_1', 'gen_2']) {
    await log.append(id, null, [queued]);
    await appendTo(log, id, [started(1)]);
  }
  const head = await headOf(log, 'gen_1');
  const unwritable = { ...text(0, 'a'), tokens: 1n as unknown as number };
  const other = await headOf(log, 'gen_2');
  const tries = [log.append('gen_1', head, [text(0, 'Call')]), log.append('gen_2', other, [unwritable])];
  expect((await Promise.allSettled(tries)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await headOf(log, 'gen_1')).toEqual(head);
  await log.append('gen_1', head, [text(0, 'Call')]);
  expect(await headOf(log, 'gen_1')).toMatchObject({ offset: 3 });

  await log.retire('gen_1', 0);
  await expect(log.append('gen_1', { ...head, offset: 3 }, [text(4, ' me')])).rejects.toMatchObject({
    reason: 'missing',
  });
  log.close();
  folder.remove();
});

test('what is appended is published, answered and read once the disk has it', async () => {
  const folder = temporaryFolder();
  const bus = memoryBus();
  const path = join(folder.path, 'log.db');
  const log = new SqliteLog({ path, bus });
  const written: string[] = [];
  await bus.subscribe(logTopic('gen_1'), () => written.push('published'));
  const real = fs.fdatasync;
  const onDisk = Promise.withResolvers<void>();
  vi.spyOn(fs, 'fdatasync').mockImplementation((fd, done) => {
    written.push(fs.readlinkSync(`/proc/self/fd/${fd}`));
    void onDisk.promise.then(() => real(fd, done));
  });
  const appended = log.append('gen_1', null, [queued]).then(() => written.push('answered'));
  await vi.waitFor(() => expect(written).toEqual([`${path}-wal`]));
  const head = headOf(log, 'gen_1').then(() => written.push('read'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toHaveLength(1);
  onDisk.resolve();
  await Promise.all([appended, head]);
  expect(written.slice(1)).toEqual(['published', 'answered', 'read']);
  vi.restoreAllMocks();
  log.close();
  folder.remove();
});

test('a transaction that fails leaves a log as it was, also where another attempt was to begin', async () => {
  const folder = temporaryFolder();
  const path = join(folder.path, 'log.db');
  const log = new SqliteLog({ path, bus: memoryBus() });
  await log.append('gen_1', null, [queued]);
  await appendTo(log, 'gen_1', [started(1)]);
  await appendTo(log, 'gen_1', [text(0, 'Call')]);
  const head = await headOf(log, 'gen_1');
  const other = new DatabaseSync(path);
  other.exec("CREATE TRIGGER full BEFORE INSERT ON heads BEGIN SELECT RAISE(ABORT, 'full'); END");
  const appended = [log.append('gen_1', head, [started(2, 4)]), log.append('gen_2', null, [queued])];
  expect((await Promise.allSettled(appended)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  other.exec('DROP TRIGGER full');
  other.close();
  expect(await headOf(log, 'gen_1')).toEqual(head);
  await log.append('gen_1', head, [text(4, ' me')]);
  const entries = [queued, started(1), text(0, 'Call'), text(4, ' me')];
  expect((await log.read(new Map([['gen_1', 0]]))).get('gen_1')?.entries).toEqual(entries);
  log.close();
  folder.remove();
});
