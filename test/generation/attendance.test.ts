import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Attendances } from '../../src/generation/attendance.ts';

const abandoned: string[] = [];
let attendances: Attendances;
beforeEach(() => {
  vi.useFakeTimers();
  abandoned.length = 0;
  attendances = new Attendances((id) => abandoned.push(id));
});
afterEach(() => vi.useRealTimers());

test('a generation is abandoned three seconds after its last follower has left', () => {
  attendances.join('a');
  attendances.join('a');
  attendances.join('b');
  attendances.leave('a');
  vi.advanceTimersByTime(10_000);
  expect(abandoned).toEqual([]);
  attendances.leave('a');
  vi.advanceTimersByTime(2_999);
  expect(abandoned).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(abandoned).toEqual(['a']);
});

test('who comes back in time keeps it, and the time begins anew when they leave again', () => {
  attendances.join('a');
  for (let round = 0; round < 5; round++) {
    attendances.leave('a');
    vi.advanceTimersByTime(2_000);
    attendances.join('a');
  }
  vi.advanceTimersByTime(10_000);
  expect(abandoned).toEqual([]);
  attendances.leave('a');
  vi.advanceTimersByTime(3_000);
  expect([abandoned, vi.getTimerCount()]).toEqual([['a'], 0]);
});

test('once the server goes, nobody leaves for good: neither those who were there nor those who still come', () => {
  attendances.join('a');
  attendances.join('b');
  attendances.leave('b');
  attendances.close();
  attendances.leave('a');
  attendances.join('c');
  attendances.leave('c');
  vi.advanceTimersByTime(10_000);
  expect([abandoned, vi.getTimerCount()]).toEqual([[], 0]);
});
