import { expect, test } from 'vitest';
import { MillraceError } from '../../src/domain/errors.ts';
import { Contents } from '../../src/generation/contents.ts';
import { readCurrent } from '../../src/generation/read.ts';
import { appendTo, started } from '../contract/log.ts';
import { changed, queuedGeneration, rowOf, useParts } from './parts.ts';

const opened = useParts();
const gone = new MillraceError('UNAVAILABLE', 'away');
const away = () => Promise.reject(gone);

test('where the logs are away, rows say what they know, and one that has not begun has no text yet', async () => {
  const { parts } = opened;
  const log = changed(parts.log, { heads: away, read: away });
  const generation = await queuedGeneration(parts);
  await appendTo(parts.log, generation.id, [started(1)]);
  const rows = [await rowOf(parts, generation.id)];
  expect(await readCurrent(parts.log, rows)).toMatchObject([{ status: 'RUNNING' }]);
  expect(await readCurrent(log, rows)).toEqual(rows);
  const position = { epoch: '-', offset: 0, length: 0 };
  expect(await new Contents(log).of(rows)).toEqual(new Map([[generation.id, { text: '', position }]]));
});

test('the text of one that runs is not made up while the logs are away', async () => {
  const { parts } = opened;
  const log = changed(parts.log, { read: away });
  const generation = await queuedGeneration(parts);
  await parts.store.generations.start(generation.id, 1, 1);
  await expect(new Contents(log).of([await rowOf(parts, generation.id)])).rejects.toBe(gone);
});

test('a log that fails in any other way is no reason to answer without it', async () => {
  const { parts } = opened;
  const broken = new Error('the disk is full');
  const fail = () => Promise.reject(broken);
  const log = changed(parts.log, { heads: fail, read: fail });
  const generation = await queuedGeneration(parts);
  await expect(readCurrent(log, [generation])).rejects.toBe(broken);
  await expect(new Contents(log).of([generation])).rejects.toBe(broken);
});
