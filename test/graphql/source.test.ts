import { expect, test } from 'vitest';
import type { Source } from '../../src/generation/generation.ts';
import { iterate } from '../../src/graphql/source.ts';

/** A source of these values; an error among them is thrown. */
function sourceOf(values: unknown[]): Source<unknown> & { closed: number } {
  return {
    closed: 0,
    async next() {
      const value = values.shift();
      if (value instanceof Error) throw value;
      return value;
    },
    close() {
      this.closed++;
    },
  };
}

test('gives the values as they are mapped, and closes the source after the last one', async () => {
  const source = sourceOf([1, 2]);
  let pulls = 0;
  const values: unknown[] = [];
  for await (const value of iterate(source, String, () => pulls++)) values.push(value);
  expect([values, pulls, source.closed]).toEqual([['1', '2'], 2, 1]);
});

test('closes the source when the reader leaves', async () => {
  const source = sourceOf([1, 2]);
  for await (const _ of iterate(source, String, () => {})) break;
  expect(source.closed).toBe(1);
});

test('closes a source that throws: nobody asks an iterator again that has failed', async () => {
  const source = sourceOf([new Error('no disk')]);
  await expect(iterate(source, String, () => {}).next()).rejects.toThrow('no disk');
  expect(source.closed).toBe(1);
});
