import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { memoryBus } from '../../src/bus/memory.ts';
import { GroupCommit } from '../../src/log/group-commit.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { queued, started, text } from '../contract/log.ts';
import { temporaryFolder } from '../folder.ts';

let folder: ReturnType<typeof temporaryFolder>;
let database: DatabaseSync;
let commits: GroupCommit;
/** The disk. */
let sync: (done: () => void) => void;
beforeEach(() => {
  sync = (done) => setImmediate(done);
  folder = temporaryFolder();
  database = new DatabaseSync(join(folder.path, 'test.db'));
  database.exec('CREATE TABLE t (x INTEGER)');
  commits = new GroupCommit(database, { sync: (done) => sync(done) });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  if (database.isOpen) database.close();
  folder.remove();
});

const rows = () =>
  database
    .prepare('SELECT x FROM t ORDER BY x')
    .all()
    .map(({ x }) => x);

/** Writes a number, or throws instead. */
function write(x: number | Error, urgent = false): Promise<number> {
  return new Promise((resolve, reject) => {
    const run = () => {
      if (x instanceof Error) throw x;
      database.prepare('INSERT INTO t VALUES (?)').run(x);
      return () => resolve(x);
    };
    commits.add({ write: run, reject, urgent });
  });
}

const outcomes = async (writes: readonly Promise<unknown>[]) =>
  (await Promise.allSettled(writes)).map((each) => (each.status === 'fulfilled' ? each.value : each.reason));

test('writes of one turn share one transaction', async () => {
  let transactions = 0;
  const exec = database.exec.bind(database);
  database.exec = (sql) => {
    if (sql === 'COMMIT') transactions++;
    exec(sql);
  };
  expect(await Promise.all([write(1), write(2), write(3)])).toEqual([1, 2, 3]);
  expect([transactions, rows()]).toEqual([1, [1, 2, 3]]);
});

/** A clock that only commits move, by so many ms. */
function commitsOf(ms: number) {
  const clock = { now: 1_000 };
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
  const exec = database.exec.bind(database);
  database.exec = (sql) => {
    if (sql === 'COMMIT') clock.now += ms;
    exec(sql);
  };
  return clock;
}

test('an urgent write takes along what has gathered, at the end of the turn', async () => {
  const clock = commitsOf(1);
  await write(1);
  clock.now += 1;
  const gathered = write(2);
  await nextTurn();
  expect(rows()).toEqual([1]);
  expect(await Promise.all([gathered, write(3, true)])).toEqual([2, 3]);
  expect([rows(), vi.getTimerCount()]).toEqual([[1, 2, 3], 0]);
});

test.each([
  [2, 2],
  [4, 1],
  [100, 0],
])(
  'an urgent write waits for as long as the last commit took, and never longer than others: %i ms',
  async (took, waits) => {
    commitsOf(took);
    await write(1, true);
    const second = write(2, true);
    if (waits > 0) {
      await vi.advanceTimersByTimeAsync(waits - 1);
      expect(rows()).toEqual([1]);
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(await second).toBe(2);
  },
);

test('nobody is told of a write, and readers wait, until it is on the disk; what comes meanwhile goes next', async () => {
  const disk = Promise.withResolvers<void>();
  sync = (done) => void disk.promise.then(() => done());
  const told: string[] = [];
  const first = write(1).then(() => told.push('first'));
  await nextTurn();
  expect(rows()).toEqual([1]);
  const read = commits.synced?.then(() => told.push(`read ${rows()}`));
  const second = write(2, true);
  await nextTurn();
  expect([told, rows()]).toEqual([[], [1]]);
  sync = (done) => setImmediate(done);
  disk.resolve();
  await Promise.all([first, read, second]);
  expect(told.sort()).toEqual(['first', 'read 1']);
  expect([rows(), commits.synced]).toEqual([[1, 2], undefined]);
});

test('of many that wait some are told in each turn, and the urgent ones first, also those who come meanwhile', async () => {
  commitsOf(0);
  const told: number[] = [];
  const tell = (x: number, urgent?: boolean) => write(x, urgent).then(() => told.push(x));
  const many = Array.from({ length: 511 }, (_, x) => x);
  const writes = [...many.map((x) => tell(x)), tell(1_000, true)];
  while (told.length === 0) await nextTurn();
  expect([told[0], told.length]).toEqual([1_000, 128]);
  await Promise.all([...writes, tell(2_000, true)]);
  expect(told.indexOf(2_000)).toBeLessThan(511);
  expect(told.filter((x) => x < 511)).toEqual(many);
});

test('what is still to be told when it is closed is told then', async () => {
  const told: number[] = [];
  const writes = Array.from({ length: 200 }, (_, x) => write(x).then(() => told.push(x)));
  while (told.length === 0) await nextTurn();
  commits.close(() => {});
  await Promise.resolve();
  expect(told).toHaveLength(200);
  await Promise.all(writes);
});

test('a write that fails undoes all of its transaction and rejects all, and the next one is whole', async () => {
  const failure = new Error('the disk is full');
  expect(await outcomes([write(1), write(failure), write(3)])).toEqual([failure, failure, failure]);
  expect([rows(), database.isTransaction]).toEqual([[], false]);
  expect(await outcomes([write(4)])).toEqual([4]);
});

test('where even undoing fails everybody hears of it', async () => {
  const exec = database.exec.bind(database);
  const failure = new Error('the disk is full');
  const second = new Error('the disk is gone');
  database.exec = (sql) => {
    if (sql === 'ROLLBACK') throw second;
    exec(sql);
  };
  const [error, same] = await outcomes([write(1), write(failure)]);
  expect([error.errors, error.cause, same]).toEqual([[failure, second], failure, error]);
  database.exec = exec;
  // The transaction is still open: the next write fails on it and undoes it, and the one after that is whole.
  expect((await outcomes([write(2)]))[0]).toBeInstanceOf(Error);
  expect([await write(3), rows()]).toEqual([3, [3]]);
});

test('a write that comes when the database is closed is rejected', async () => {
  database.close();
  expect(String((await outcomes([write(1)]))[0])).toContain('not open');
});

test('every append that was acknowledged is there after kill -9, and no entry is cut', async () => {
  for (let trial = 0; trial < 5; trial++) {
    const path = join(folder.path, `killed-${trial}.db`);
    const child = spawn(process.execPath, [join(import.meta.dirname, 'appender.ts'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const acknowledged = new Map<string, number>();
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [id = '', offset] = line.split(' ');
      acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, Number(offset)));
      if (++lines === 100 + trial * 37) child.kill('SIGKILL');
    }
    expect(await exited).toEqual([null, 'SIGKILL']);
    const log = new SqliteLog({ path, bus: memoryBus() });
    const ids = [...acknowledged.keys()];
    const [heads, slices] = [await log.heads(ids), await log.read(new Map(ids.map((id) => [id, 0])))];
    log.close();
    for (const [id, offset] of acknowledged) {
      const entries = slices.get(id)?.entries ?? [];
      expect(entries.length).toBeGreaterThanOrEqual(offset);
      // Appends of two entries are there in whole, and the head knows what there is.
      const whole = [queued, started(1), ...entries.slice(2).map((_, at) => text(at, 'x'))];
      expect(entries).toEqual(whole);
      expect(heads.get(id)).toMatchObject({ offset: entries.length, attempt: 1 });
      expect(entries.length % 2).toBe(0);
    }
  }
});
