import { beforeEach, expect, test } from 'vitest';
import type { Entry } from '../../src/domain/entry.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { Contents } from '../../src/generation/contents.ts';
import type { Log } from '../../src/log/log.ts';
import { ended, queued, started, text } from '../contract/log.ts';
import { changed, queuedGeneration, useParts } from './parts.ts';

const opened = useParts();
let row: Generation;
/** The logs of one epoch. */
let logs: Map<string, Entry[]>;
let epoch: string;
/** From where each was read. */
let read: Record<string, number>[];
/** What the answer to a question waits for. */
let held: Promise<void>;
let log: Log;
beforeEach(async () => {
  row = await queuedGeneration(opened.parts);
  [logs, read, epoch, held] = [new Map(), [], 'one', Promise.resolve()];
  log = changed(opened.parts.log, {
    async read(after) {
      read.push(Object.fromEntries(after));
      const found = [...after].filter(([id]) => logs.has(id));
      const slice = (id: string, from: number) => ({ epoch, after: from, entries: logs.get(id)?.slice(from) ?? [] });
      const slices = new Map(found.map(([id, from]) => [id, { ...slice(id, from), more: false }]));
      await held;
      return slices;
    },
  });
});

const contentOf = async (contents: Contents, id: string) =>
  (await contents.of([{ ...row, id, status: 'RUNNING' }])).get(id);

test('what was read of a log that runs is not read again', async () => {
  const contents = new Contents(log);
  const entries = [queued, started(1), text(0, 'Call')];
  logs.set('a', entries);
  expect(await contentOf(contents, 'a')).toEqual({ text: 'Call', position: { epoch, offset: 3, length: 4 } });
  entries.push(text(4, ' me'));
  const all = { text: 'Call me', position: { epoch, offset: 4, length: 7 } };
  expect(await Promise.all([contentOf(contents, 'a'), contentOf(contents, 'a')])).toEqual([all, all]);
  expect(await contentOf(contents, 'a')).toEqual(all);
  expect(read).toEqual([{ a: 0 }, { a: 2 }, { a: 2 }, { a: 3 }]);
  logs.delete('a');
  expect(await contentOf(contents, 'a')).toEqual({ text: '', position: { epoch: '-', offset: 0, length: 0 } });
});

test('nobody reads it whole because another one was faster', async () => {
  const contents = new Contents(log);
  const entries = [queued, started(1), text(0, 'Call')];
  logs.set('a', entries);
  await contentOf(contents, 'a');
  entries.push(text(4, ' me'));
  const answered = Promise.withResolvers<void>();
  held = answered.promise;
  const slow = contentOf(contents, 'a');
  held = Promise.resolve();
  await contentOf(contents, 'a');
  answered.resolve();
  expect(await slow).toMatchObject({ text: 'Call me' });
  expect(read).toEqual([{ a: 0 }, { a: 2 }, { a: 2 }]);
});

test('a log that was begun anew is read whole', async () => {
  const contents = new Contents(log);
  logs.set('a', [queued, started(1), text(0, 'Call')]);
  await contentOf(contents, 'a');
  epoch = 'two';
  logs.set('a', [queued, started(1), started(2), text(0, 'The whale')]);
  const position = { epoch, offset: 4, length: 9 };
  expect(await contentOf(contents, 'a')).toEqual({ text: 'The whale', position });
});

test.each([
  ['not as far', [text(0, 'The')]],
  ['just as far', [text(0, 'The'), text(3, ' whale')]],
  ['further', [text(0, 'The'), text(3, ' whale'), text(9, ' swam')]],
])(
  'one that lost its end is read whole, where it has grown %s by another one of the same number',
  async (_far, grown) => {
    const contents = new Contents(log);
    const begun = [queued, started(1), text(0, 'Once')];
    logs.set('a', [...begun, started(2), text(0, 'Call'), text(4, ' me Ishmael')]);
    await contentOf(contents, 'a');
    logs.set('a', [...begun, started(2), ...grown]);
    const whole = await contentOf(new Contents(log), 'a');
    expect(await contentOf(contents, 'a')).toEqual(whole);
    expect(await contentOf(contents, 'a')).toEqual(whole);
  },
);

test('no more is kept than there is room for, the one that was used last first, and none that has ended', async () => {
  const contents = new Contents(log, 2_500);
  for (const id of ['a', 'b', 'c']) logs.set(id, [queued, started(1), text(0, 'x'.repeat(500))]);
  for (const id of ['a', 'b']) await contentOf(contents, id);
  logs.get('a')?.push(text(500, 'y'));
  for (const id of ['a', 'c']) await contentOf(contents, id);
  logs.get('a')?.push(ended);
  read = [];
  for (const id of ['a', 'b', 'a']) await contentOf(contents, id);
  expect(read).toEqual([{ a: 3 }, { b: 0 }, { a: 0 }]);
});
