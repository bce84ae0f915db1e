import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { ann, createConversation, draft, generationOf, outcome, replyDraft } from '../contract/store/fixtures.ts';
import { storeContract } from '../contract/store.ts';

let folder = '';
let files = 0;
const newFile = () => join(folder, `${++files}.db`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-store-'));
});
afterAll(() => rm(folder, { recursive: true }));

storeContract('SQLite', (options) => openSqliteStore(newFile(), options));

describe('a file of records', () => {
  test('has the same rows when it is opened again, and its tables are left alone', async () => {
    const file = newFile();
    const first = await openSqliteStore(file);
    await first.viewers.put(ann);
    const { id } = await createConversation(first);
    const { generation } = await first.generations.submit(replyDraft(id));
    await first.generations.settle(generation.id, outcome());
    const kept = [await generationOf(first, generation.id), await first.conversations.byIds([id])];
    await first.close();

    const statements: string[] = [];
    const second = await openSqliteStore(file, { onQuery: (statement) => statements.push(statement) });
    expect(statements.filter((statement) => /^(create (table|index)|alter|drop)/.test(statement))).toEqual([]);
    expect([await generationOf(second, generation.id), await second.conversations.byIds([id])]).toEqual(kept);
    await second.close();
  });

  test('is on the disk with all that was answered, but for the note that a generation was begun', async () => {
    const file = newFile();
    const store = await openSqliteStore(file);
    await store.viewers.put(ann);
    const written: string[] = [];
    const real = fs.fdatasync;
    let disk = Promise.withResolvers<void>();
    vi.spyOn(fs, 'fdatasync').mockImplementation((fd, done) => {
      written.push(fs.readlinkSync(`/proc/self/fd/${fd}`));
      void disk.promise.then(() => real(fd, done));
    });
    const onDisk = async (write: Promise<unknown>) => {
      void write.then(() => written.push('answered'));
      await vi.waitFor(() => expect(written).toEqual([`${file}-wal`]));
      disk.resolve();
      await write;
      expect(written.splice(0)).toEqual([`${file}-wal`, 'answered']);
      disk = Promise.withResolvers();
    };
    const one = draft();
    await onDisk(store.generations.submit(one));
    await store.generations.byIds([one.generation.id]);
    await store.generations.start(one.generation.id, 1, 5);
    const unusable = Symbol() as unknown as number;
    await expect(store.generations.start(one.generation.id, unusable, 5)).rejects.toThrow();
    expect(written).toEqual([]);
    await onDisk(store.generations.setVisibility(one.generation.id, 'SIGNED_IN'));
    vi.restoreAllMocks();
    await store.close();
  });

  test('takes what is written while the disk is at work to it together, and nobody reads it before', async () => {
    const store = await openSqliteStore(newFile());
    await store.viewers.put(ann);
    const real = fs.fdatasync;
    const asked: (() => void)[] = [];
    vi.spyOn(fs, 'fdatasync').mockImplementation((fd, done) => void asked.push(() => real(fd, done)));
    const answered: string[] = [];
    const answer = (name: string, asking: Promise<unknown>) => asking.then(() => answered.push(name));
    const [one, two, three] = [draft(), draft(), draft()];
    const first = answer('first', store.generations.submit(one));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const others = [two, three].map((each) => answer('write', store.generations.submit(each)));
    const read = answer('read', generationOf(store, two.generation.id));
    asked[0]?.();
    await first;
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(answered).toEqual(['first']);
    asked[1]?.();
    await Promise.all([...others, read]);
    expect(asked).toHaveLength(2);
    vi.restoreAllMocks();
    await store.close();
  });

  test('takes what was asked for before it is closed', async () => {
    const file = newFile();
    const store = await openSqliteStore(file);
    await store.viewers.put(ann);
    const drafts = [draft(), draft(), draft()];
    const writing = drafts.map((each) => store.generations.submit(each));
    await Promise.all([...writing, store.close()]);
    const again = await openSqliteStore(file);
    const ids = drafts.map(({ generation }) => generation.id);
    expect(await again.generations.byIds(ids)).toHaveLength(3);
    await again.close();
  });

  test('whose tables can not be made is left as it was', async () => {
    const file = newFile();
    const names = () => {
      const database = new DatabaseSync(file);
      const rows = database.prepare("select name from sqlite_master where name not like '%kysely%'").all();
      database.close();
      return rows.map(({ name }) => name);
    };
    const database = new DatabaseSync(file);
    database.exec('create table model_totals (x)');
    database.close();
    await expect(openSqliteStore(file)).rejects.toThrow('0001-start failed');
    expect(names()).toEqual(['model_totals']);
  });

  test('is made and written to while another process writes whenever it can', async () => {
    const file = newFile();
    const other = new DatabaseSync(file, { timeout: 0 });
    other.exec('pragma journal_mode = wal; create table others (x)');
    let written = 0;
    const onQuery = () => {
      try {
        other.exec('insert into others values (1)');
        written++;
      } catch (error) {
        // It is this store's turn.
        expect(error).toMatchObject({ message: expect.stringContaining('locked') });
      }
    };
    const store = await openSqliteStore(file, { onQuery });
    await store.viewers.put(ann);
    const { id } = await createConversation(store);
    const sent = await store.generations.submit(replyDraft(id));
    expect(await store.generations.settle(sent.generation.id, outcome())).toBe(true);
    expect(await store.conversations.delete(id)).toHaveLength(1);
    expect(written).toBeGreaterThan(0);
    other.close();
    await store.close();
  });

  test('is written ahead', async () => {
    const file = newFile();
    const store = await openSqliteStore(file);
    const database = new DatabaseSync(file);
    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
    await store.close();
  });
});

/** What a transaction that was cut in two would leave: counts, messages and conversations that disagree. */
async function halves(store: Store): Promise<string[]> {
  const unsettled = await store.generations.unsettled();
  const page = { limit: 10_000, from: 'start' } as const;
  const [conversation] = (await store.conversations.page(ann.id, page)).rows;
  if (!conversation) return ['no conversation'];
  const { id, activeGenerationId } = conversation.row;
  const messages = (await store.conversations.messagePages([id], page)).get(id)?.rows.length ?? 0;
  const generations = (await store.usage.totals([ann.id])).get(ann.id)?.generations ?? 0;
  const ofDays = ((await store.usage.byDay([ann.id], 0)).get(ann.id) ?? []).reduce(
    (sum, day) => sum + day.generations,
    0,
  );
  const processed = (await store.generations.modelFigures()).get('whale')?.processed ?? 0;
  const found: string[] = [];
  if (activeGenerationId !== (unsettled[0]?.id ?? null)) found.push('a conversation waits for the wrong reply');
  if (messages !== 2 * (generations + unsettled.length)) found.push('messages without a generation, or the reverse');
  if (processed !== generations) found.push('counted for the viewer and not for the model, or the reverse');
  if (ofDays !== generations) found.push('counted in all and not by day, or the reverse');
  return found;
}

/** Runs the writer until it is killed, checks the file that it leaves, and gives the ids that it acknowledged. */
async function killed(onAcknowledged: (count: number, kill: () => void) => void, lastStatement?: number) {
  const file = newFile();
  const parameters = [join(import.meta.dirname, 'writer.ts'), file, ...(lastStatement ? [`${lastStatement}`] : [])];
  const writer = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(writer, 'exit');
  const acknowledged: string[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    onAcknowledged(acknowledged.push(line), () => writer.kill('SIGKILL'));
  }
  expect(await exited).toEqual([null, 'SIGKILL']);

  const store = await openSqliteStore(file);
  const found = await store.generations.byIds(acknowledged);
  expect(found).toHaveLength(acknowledged.length);
  expect(found.filter(({ text, messageId }) => text === '' || messageId === null)).toEqual([]);
  expect(await halves(store), `killed after statement ${lastStatement}`).toEqual([]);
  await store.close();
  return acknowledged;
}

describe('a process that is killed', () => {
  // It goes on writing while the signal is on its way: where exactly it dies is another place in every run.
  test.each([3, 177, 401])('after %i acknowledged writes has lost none of them', async (count) => {
    const acknowledged = await killed((soFar, kill) => soFar === count && kill());
    expect(acknowledged.length).toBeGreaterThanOrEqual(count);
  });

  test('after any statement of a message and its reply has done each in whole, or not at all', async () => {
    const statements = 13;
    for (let last = 1; last <= statements; last++) {
      const acknowledged = await killed(() => undefined, 2 * statements + last);
      expect(acknowledged).toHaveLength(2);
    }
  });
});
