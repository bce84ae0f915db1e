import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Attendances } from '../../src/generation/attendance.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function attendances() {
  const abandoned: string[] = [];
  return { abandoned, attended: new Attendances((id) => abandoned.push(id)) };
}

test('a generation is abandoned once, three seconds after its last follower left', () => {
  const { abandoned, attended } = attendances();
  attended.join('a');
  attended.join('a');
  attended.leave('a');
  vi.advanceTimersByTime(10_000);
  attended.leave('a');
  vi.advanceTimersByTime(2_999);
  expect(abandoned).toEqual([]);
  vi.advanceTimersByTime(10_000);
  expect(abandoned).toEqual(['a']);
});

test('who comes back in time keeps it', () => {
  const { abandoned, attended } = attendances();
  attended.join('a');
  attended.leave('a');
  vi.advanceTimersByTime(2_999);
  attended.join('a');
  vi.advanceTimersByTime(10_000);
  expect(abandoned).toEqual([]);
});

test('after close nobody is missed: neither who was there, nor who has left, nor who comes now', () => {
  const { abandoned, attended } = attendances();
  attended.join('there');
  attended.join('left');
  attended.leave('left');
  attended.close();
  attended.leave('there');
  attended.join('late');
  attended.leave('late');
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(10_000);
  expect(abandoned).toEqual([]);
});
