import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { memoryBus } from '../../src/bus/memory.ts';
import type { TextAppendedEntry } from '../../src/domain/entry.ts';
import { Journal } from '../../src/log/journal.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { type HeadRow, prepare } from '../../src/log/sqlite-tables.ts';
import { ended, queued, started, text } from '../contract/log.ts';
import { temporaryFolder } from '../folder.ts';
import { below, seeded } from '../random.ts';

test('after a crash at any commit all is there that was acknowledged, and nothing else', async () => {
  const folder = temporaryFolder();
  const log = new SqliteLog({ path: join(folder.path, 'log.db'), bus: memoryBus() });
  const random = seeded(1);
  const ids = ['gen_1', 'gen_2', 'gen_3', 'gen_4'];
  const step = async (id: string) => {
    const head = (await log.heads([id])).get(id);
    if (!head) return log.append(id, null, [queued]);
    const chance = random();
    if (head.ended) return chance < 0.2 ? log.retire(id, 0) : undefined;
    if (head.attempt === 0 || chance < 0.03) return log.append(id, head, [started(head.attempt + 1)]);
    if (chance < 0.05) return log.append(id, head, [text(head.offset, 'the last'), ended]);
    if (chance < 0.06) return log.retire(id, 0);
    const texts = Array.from({ length: 1 + below(random, 3) }, (_, i) => text(head.offset + i, 'a'));
    return log.append(id, head, texts);
  };
  const all = new Map(ids.map((id) => [id, 0]));
  const seen = async (of: SqliteLog) => [await of.heads(ids), await of.read(all)];
  for (let crash = 0; crash < 25; crash++) {
    for (let commit = 0; commit < 12; commit++) await Promise.all(ids.slice(below(random, 3)).map(step));
    for (const end of ['', '-wal']) cpSync(join(folder.path, `log.db${end}`), join(folder.path, `crashed.db${end}`));
    const crashed = new SqliteLog({ path: join(folder.path, 'crashed.db'), bus: memoryBus() });
    expect(await seen(crashed)).toEqual(await seen(log));
    crashed.close();
  }
  log.close();
  folder.remove();
});

test('the journal stays short, however slowly one of many logs is written', () => {
  const database = new DatabaseSync(':memory:');
  const statements = prepare(database);
  const journal = new Journal(database, statements);
  const commit = (work: () => void) => {
    database.exec('BEGIN');
    work();
    journal.write();
    database.exec('COMMIT');
    journal.committed();
  };
  const begin = (id: string) => {
    statements.insertHead.run(id, 'e');
    journal.begin(statements.head.get(id) as unknown as HeadRow);
  };
  const add = (id: string) => {
    const running = journal.get(id);
    if (running) journal.add(running, text(0, 'a') as TextAppendedEntry);
  };
  const counts = () =>
    database.prepare('SELECT (SELECT count(*) FROM journal) AS lines, count(*) AS entries FROM entries').get();
  commit(() => ['fast', 'slow'].forEach(begin));
  commit(() => add('slow'));
  let most = 0;
  for (let i = 1; i <= 3_000; i++) {
    commit(() => add('fast'));
    most = Math.max(most, Number(counts()?.lines));
  }
  expect(most).toBeLessThanOrEqual(1_024 + 256);
  // The slow one's text is where it belongs, and all but the last of the fast one's.
  expect(journal.get('slow')).toMatchObject({ waiting: [], head: { offset: 1 } });
  expect(counts()).toMatchObject({ entries: 1 + 3_000 - (3_000 % 32) });
  journal.close();
  expect(counts()).toEqual({ lines: 0, entries: 3_001 });
});
