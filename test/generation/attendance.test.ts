import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { memoryBus } from '../../src/bus/memory.ts';
import { Attendances } from '../../src/generation/attendance.ts';

const abandoned: string[] = [];
let bus: Bus;
let attendances: Attendances;
beforeEach(() => {
  vi.useFakeTimers();
  abandoned.length = 0;
  bus = memoryBus();
  attendances = node('a');
});
afterEach(() => vi.useRealTimers());

const node = (name: string) => {
  const onError = (error: unknown) => expect.unreachable(String(error));
  return new Attendances({ bus, node: name, onAbandoned: (id) => abandoned.push(id), onError });
};

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

describe('over several nodes', () => {
  test('it is not abandoned while it has a follower on another one, and is once that has left too', () => {
    const other = node('b');
    attendances.join('x');
    other.join('x');
    attendances.leave('x');
    vi.advanceTimersByTime(10_000);
    expect(abandoned).toEqual([]);
    other.leave('x');
    vi.advanceTimersByTime(3_000);
    expect(abandoned).toEqual(['x']);
  });

  test.for([0, 100, 2_400, 2_600, 2_900])('it is abandoned once where the last two leave %d ms apart', (apart) => {
    const other = node('b');
    attendances.join('x');
    other.join('x');
    attendances.leave('x');
    vi.advanceTimersByTime(apart);
    other.leave('x');
    vi.advanceTimersByTime(2_999);
    expect(abandoned).toEqual([]);
    vi.advanceTimersByTime(1);
    expect([abandoned, vi.getTimerCount()]).toEqual([['x'], 0]);
  });

  test('a follower who comes back on another one keeps it', () => {
    const other = node('b');
    attendances.join('x');
    attendances.leave('x');
    vi.advanceTimersByTime(2_499);
    other.join('x');
    vi.advanceTimersByTime(10_000);
    expect(abandoned).toEqual([]);
  });

  test('the followers of one that stops count until it is gone: they are about to come back', () => {
    const other = node('b');
    attendances.join('x');
    other.join('x');
    attendances.close();
    attendances.leave('x');
    other.leave('x');
    vi.advanceTimersByTime(10_000);
    expect(abandoned).toEqual([]);
  });

  test('a bus that may have lost the answer is asked again', () => {
    let lose = true;
    const listeners: ((message: unknown) => void)[] = [];
    const whole = bus;
    bus = {
      ...whole,
      publish: async (topic, message) => (lose ? undefined : whole.publish(topic, message)),
      subscribe: (topic, listener) => whole.subscribe(topic, listeners[listeners.push(listener) - 1] ?? listener),
    };
    const [a, b] = [node('c'), node('d')];
    a.join('x');
    b.join('x');
    a.leave('x');
    vi.advanceTimersByTime(2_700);
    lose = false;
    for (const listener of listeners) listener(undefined);
    vi.advanceTimersByTime(10_000);
    expect(abandoned).toEqual([]);
  });
});
