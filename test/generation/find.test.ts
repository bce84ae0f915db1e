import { expect, test } from 'vitest';
import type { Viewer } from '../../src/domain/conversation.ts';
import { askedTogether, readableGeneration } from '../../src/generation/find.ts';
import { SettledRows } from '../../src/generation/settled-rows.ts';
import { ann, bob } from '../contract/store/fixtures.ts';
import { queuedGeneration, useParts } from './parts.ts';

const opened = useParts();
const member: Viewer = { ...bob, role: 'MEMBER' };

test('who asks in the same moment asks in one statement, and each is told what that one may know', async () => {
  const { parts } = opened;
  const { id } = await queuedGeneration(parts);
  const asked: (readonly string[])[] = [];
  const { conversations, generations } = parts.store;
  const byIds: typeof generations.byIds = (ids) => {
    asked.push(ids);
    return generations.byIds(ids);
  };
  const readables = askedTogether({ conversations, generations: { byIds } });
  const ask = (viewer: Viewer, of = id) =>
    readableGeneration(readables, viewer, of).then(
      (row) => row.id,
      (error) => error.code,
    );
  const answers = await Promise.all([ask(ann), ask(ann), ask(member), ask(ann, 'gen_none')]);
  expect(answers).toEqual([id, id, 'NOT_FOUND', 'NOT_FOUND']);
  expect(asked).toEqual([[id, 'gen_none']]);
  await generations.setVisibility(id, 'SIGNED_IN');
  expect(await ask(member)).toBe(id);
});

test('whoever reads a settled generation later than others shares their row; what runs is read anew', async () => {
  const { parts } = opened;
  const running = await queuedGeneration(parts);
  const settled = { ...running, course: { epoch: 'e', offset: 3, attempts: [] } };
  const rows = new SettledRows();
  expect(rows.one(settled)).toBe(settled);
  expect(rows.one({ ...settled })).toBe(settled);
  const again = { ...running };
  expect([rows.one(running), rows.one(again)]).toEqual([running, again]);
  expect(rows.one(again)).toBe(again);
});
