import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { KnownDocuments } from '../../src/graphql/known-documents.ts';

const document = parse('{ a }');
const text = (i: number, length: number) => String(i).padStart(length, '#');

test('keeps the documents used last, 256 Ki characters of them', () => {
  const { cache } = new KnownDocuments();
  const texts = Array.from({ length: 9 }, (_, i) => text(i, 32_768));
  for (const each of texts.slice(0, 8)) cache.set(each, document);
  expect(cache.get(text(0, 32_768))).toBe(document);
  cache.set(text(8, 32_768), document);
  expect(texts.map((each) => cache.has(each))).toEqual([true, false, ...Array(7).fill(true)]);
});

test('keeps none that alone would take the place of many', () => {
  const { cache } = new KnownDocuments();
  cache.set(text(1, 100), document);
  cache.set(text(2, 32_769), document);
  expect([cache.has(text(1, 100)), cache.has(text(2, 32_769))]).toEqual([true, false]);
});
