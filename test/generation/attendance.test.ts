import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { memoryBus } from '../../src/bus/memory.ts';
import { Attendances } from '../../src/generation/attendance.ts';

const abandoned: string[] = [];
let bus: Bus;
let attendances: Attendances;
/** What `onAbandoned` does. */
let abandon: (id: string) => Promise<void>;
const errors: unknown[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  abandoned.length = 0;
  errors.length = 0;
  abandon = async (id) => void abandoned.push(id);
  bus = memoryBus();
  attendances = node('a');
});
afterEach(() => {
  vi.useRealTimers();
  expect(errors).toEqual([]);
});

const node = (name: string) => {
  return new Attendances({
    bus,
    node: name,
    onAbandoned: (id) => abandon(id),
    onError: (error) => errors.push(error),
  });
};

test('a generation is abandoned three seconds after its last follower has left', async () => {
  attendances.join('a');
  attendances.join('a');
  attendances.join('b');
  attendances.leave('a');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(abandoned).toEqual([]);
  attendances.leave('a');
  await vi.advanceTimersByTimeAsync(2_999);
  expect(abandoned).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(abandoned).toEqual(['a']);
});

test('who comes back in time keeps it, and the time begins anew when they leave again', async () => {
  attendances.join('a');
  for (let round = 0; round < 5; round++) {
    attendances.leave('a');
    await vi.advanceTimersByTimeAsync(2_000);
    attendances.join('a');
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(abandoned).toEqual([]);
  attendances.leave('a');
  await vi.advanceTimersByTimeAsync(3_000);
  expect([abandoned, vi.getTimerCount()]).toEqual([['a'], 0]);
});

test('once the server goes, nobody leaves for good: neither those who were there nor those who still come', async () => {
  attendances.join('a');
  attendances.join('b');
  attendances.leave('b');
  attendances.close();
  attendances.leave('a');
  attendances.join('c');
  attendances.leave('c');
  await vi.advanceTimersByTimeAsync(10_000);
  expect([abandoned, vi.getTimerCount()]).toEqual([[], 0]);
});

test('what could not be cancelled is tried again, unless a follower came meanwhile', async () => {
  const failure = new Error('the log is away');
  abandon = () => Promise.reject(failure);
  for (const id of ['x', 'y']) {
    attendances.join(id);
    attendances.leave(id);
  }
  await vi.advanceTimersByTimeAsync(3_000);
  attendances.join('y');
  abandon = async (id) => void abandoned.push(id);
  await vi.advanceTimersByTimeAsync(3_000);
  expect([abandoned, errors.splice(0)]).toEqual([['x'], [failure, failure]]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([abandoned, vi.getTimerCount()]).toEqual([['x'], 0]);
});

describe('over several nodes', () => {
  test('it is not abandoned while it has a follower on another one, and is once that has left too', async () => {
    const other = node('b');
    attendances.join('x');
    other.join('x');
    attendances.leave('x');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(abandoned).toEqual([]);
    other.leave('x');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(abandoned).toEqual(['x']);
  });

  test.for([0, 100, 2_400, 2_600, 2_900])(
    'it is abandoned once where the last two leave %d ms apart',
    async (apart) => {
      const other = node('b');
      attendances.join('x');
      other.join('x');
      attendances.leave('x');
      await vi.advanceTimersByTimeAsync(apart);
      other.leave('x');
      await vi.advanceTimersByTimeAsync(2_999);
      expect(abandoned).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect([abandoned, vi.getTimerCount()]).toEqual([['x'], 0]);
    },
  );

  test('a follower who comes back on another one keeps it', async () => {
    const other = node('b');
    attendances.join('x');
    attendances.leave('x');
    await vi.advanceTimersByTimeAsync(2_499);
    other.join('x');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(abandoned).toEqual([]);
  });

  test('the followers of one that stops count until it is gone: they are about to come back', async () => {
    const other = node('b');
    attendances.join('x');
    other.join('x');
    attendances.close();
    attendances.leave('x');
    other.leave('x');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(abandoned).toEqual([]);
  });

  test('one that stops has nobody left where its last follower had gone before', async () => {
    const other = node('b');
    attendances.join('x');
    other.join('x');
    attendances.leave('x');
    attendances.close();
    other.leave('x');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(abandoned).toEqual(['x']);
  });

  /** A bus that loses some kinds of messages, and says that it is away or does not. */
  function unreliable() {
    const whole = bus;
    const state = { away: false, loses: [] as readonly string[] };
    const listeners: ((message: unknown) => void)[] = [];
    bus = {
      ...whole,
      async publish(topic, message) {
        if (!state.loses.includes((message as { type: string }).type)) await whole.publish(topic, message);
      },
      check: async () => {
        if (state.away) throw new Error('away');
      },
      subscribe: (topic, listener) => whole.subscribe(topic, listeners[listeners.push(listener) - 1] ?? listener),
    };
    const isBack = () => {
      for (const listener of listeners) listener(undefined);
    };
    return { state, isBack };
  }

  /** Two nodes that have a follower each; that of one of them leaves. */
  function left() {
    const [a, b] = [node('c'), node('d')];
    a.join('x');
    b.join('x');
    a.leave('x');
    return b;
  }

  test.for([2_000, 2_700])('a bus that was away up to the %dth ms is asked only when all are back', async (backAt) => {
    const { state, isBack } = unreliable();
    left();
    state.loses = ['here'];
    await vi.advanceTimersByTimeAsync(backAt);
    isBack();
    await vi.advanceTimersByTimeAsync(2_000);
    state.loses = [];
    await vi.advanceTimersByTimeAsync(10_000);
    expect(abandoned).toEqual([]);
  });

  test.for([
    ['loses the question', { away: false, loses: ['ask'] }],
    ['is away and loses the answer', { away: true, loses: ['here'] }],
    ['is away', { away: true, loses: ['ask', 'here'] }],
  ] as const)('a bus that %s says nothing by its silence', async ([_what, change]) => {
    const { state } = unreliable();
    const other = left();
    Object.assign(state, change);
    await vi.advanceTimersByTimeAsync(20_000);
    Object.assign(state, { away: false, loses: [] });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(abandoned).toEqual([]);
    other.leave('x');
    await vi.advanceTimersByTimeAsync(3_000);
    expect([abandoned, vi.getTimerCount()]).toEqual([['x'], 0]);
  });
});
