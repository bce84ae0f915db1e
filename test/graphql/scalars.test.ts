import { expect, test } from 'vitest';
import { DateTime } from '../../src/graphql/resolvers/scalars.ts';
import { seeded } from '../random.ts';

test('a DateTime is written as a Date writes itself', () => {
  const random = seeded(1);
  const ends = [0, -1, 86_399_999, 86_400_000, 253_402_300_800_000, 8.64e15, -8.64e15];
  const times = Array.from({ length: 20_000 }, () => Math.floor((random() - 0.3) * 4e12));
  for (const time of [...ends, ...times, 1_790_000_000_123, 1_790_000_000_124, '1790000000123']) {
    expect(DateTime.serialize(time)).toBe(new Date(Number(time)).toISOString());
  }
  for (const none of [Number.NaN, 9e15, 'x', undefined]) expect(() => DateTime.serialize(none)).toThrow(RangeError);
});
