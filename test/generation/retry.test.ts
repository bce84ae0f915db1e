import { expect, test } from 'vitest';
import { retryDelay } from '../../src/generation/retry.ts';

test('the delay is random, up to 100 ms at first, twice as long each time, 5 s at most', () => {
  const longest = [1, 2, 3, 6, 7, 1_000].map((failures) => retryDelay(failures, () => 1));
  expect(longest).toEqual([100, 200, 400, 3_200, 5_000, 5_000]);
  expect(retryDelay(3, () => 0.25)).toBe(100);
  expect(retryDelay(9, () => 0)).toBe(0);
});
