import { expect, test } from 'vitest';
import { idPrefix, newId } from '../../src/domain/ids.ts';

test('ids are unique, sort by creation within a process, and tell their type', () => {
  const ids = Array.from({ length: 5_000 }, () => newId('gen'));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  expect(ids[0]).toMatch(/^gen_[0-9a-hjkmnp-tv-z]{26}$/);
  expect([idPrefix(newId('conv')), idPrefix('whale'), idPrefix('gene_1')]).toEqual(['conv', undefined, undefined]);
});

test('ids sort by creation also where the clock is set back', () => {
  const later = newId('gen', Date.now() + 60_000);
  expect(newId('gen') > later).toBe(true);
});
