import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { createConversation, generationOf, outcome, replyDraft } from '../contract/store/fixtures.ts';
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
    await first.viewers.put({ id: 'usr_ann', name: 'Ann', role: 'MEMBER' });
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

  test('whose tables can not be made is left as it was, and is not kept open', async () => {
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

  test('is written ahead, and each commit waits for the disk', async () => {
    const file = newFile();
    const asked: string[] = [];
    const store = await openSqliteStore(file, { onQuery: (statement) => asked.push(statement) });
    const database = new DatabaseSync(file);
    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
    await store.close();
  });
});

describe('a process that is killed', () => {
  // Seeded: each round kills after another number of acknowledged rows, in the middle of the next writes.
  test.each([3, 40, 177, 401])('after %i acknowledged writes has lost none of them', async (kill) => {
    const file = newFile();
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise<NodeJS.Signals | null>((resolve) =>
      writer.once('exit', (_code, signal) => resolve(signal)),
    );
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: writer.stdout })) {
      if (acknowledged.push(line) === kill) writer.kill('SIGKILL');
    }
    expect(await exited).toBe('SIGKILL');
    expect(acknowledged.length).toBeGreaterThanOrEqual(kill);

    const store = await openSqliteStore(file);
    const found = await store.generations.byIds(acknowledged);
    expect(found).toHaveLength(acknowledged.length);
    const broken = found.filter(({ messageId, text }) => messageId === null || text === '');
    expect(broken).toEqual([]);
    await store.close();
  });
});
