import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { at } from '../../src/auth/expiry.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('what is due is told once the clock says so, also where a timer is early', () => {
  const due = vi.fn();
  at(2_000, due);
  const clock = vi.spyOn(Date, 'now').mockReturnValue(1_999);
  vi.advanceTimersByTime(1_000);
  expect(due).not.toHaveBeenCalled();
  clock.mockReturnValue(2_000);
  vi.advanceTimersByTime(1);
  expect(due).toHaveBeenCalledOnce();
});

test('what is further away than a timer reaches is waited for, and what was prevented is not told', () => {
  const [far, prevented, past] = [vi.fn(), vi.fn(), vi.fn()];
  const month = 31 * 24 * 3_600_000;
  at(1_000 + month, far);
  at(1_500, prevented)();
  at(0, past);
  expect(past).not.toHaveBeenCalled();
  vi.advanceTimersByTime(month - 1);
  expect([far, past, prevented].map(({ mock }) => mock.calls.length)).toEqual([0, 1, 0]);
  vi.advanceTimersByTime(1);
  expect(far).toHaveBeenCalledOnce();
});
