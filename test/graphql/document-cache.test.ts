import { expect, test } from 'vitest';
import { DocumentCache } from '../../src/graphql/document-cache.ts';

test('keeps what was used last, so many characters of it', () => {
  const cache = new DocumentCache<number>(64);
  const text = (i: number) => String(i).padStart(4, '-');
  for (let i = 0; i < 16; i++) cache.set(text(i), i);
  expect(cache.get(text(0))).toBe(0);
  cache.set(text(16), 16);
  expect([cache.get(text(0)), cache.get(text(1)), cache.get(text(2))]).toEqual([0, undefined, 2]);
  // What is set again counts once.
  for (let i = 0; i < 100; i++) cache.set(text(16), i);
  expect([cache.get(text(0)), cache.get(text(16))]).toEqual([0, 99]);
});

test('keeps nothing that alone would take the place of many', () => {
  const cache = new DocumentCache<number>(64);
  cache.set('more than eight', 1);
  cache.set('tiny', 2);
  expect([cache.get('more than eight'), cache.get('tiny')]).toEqual([undefined, 2]);
});

test('has room for others once something is deleted', () => {
  const cache = new DocumentCache<number>(64);
  const text = (i: number) => String(i).padStart(4, '-');
  for (let i = 0; i < 16; i++) cache.set(text(i), i);
  cache.delete(text(3));
  cache.delete(text(3));
  cache.set(text(16), 16);
  expect([cache.get(text(0)), cache.get(text(3)), cache.get(text(16))]).toEqual([0, undefined, 16]);
  cache.set(text(17), 17);
  expect(cache.get(text(1))).toBeUndefined();
});
