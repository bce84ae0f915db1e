import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Watch } from '../../src/generation/watch.ts';

let opened = 0;
let ended = 0;
const open = async () => {
  opened++;
  return () => {
    ended++;
  };
};
beforeEach(() => {
  vi.useFakeTimers();
  [opened, ended] = [0, 0];
});
afterEach(() => vi.useRealTimers());

/** What `next` gives within so many milliseconds, or 'waits'. */
async function nextWithin<Key>(next: Promise<Key>, ms: number): Promise<Key | 'waits'> {
  let value: Key | 'waits' = 'waits';
  void next.then((given) => {
    value = given;
  });
  await vi.advanceTimersByTimeAsync(ms);
  return value;
}

test('listens from the first next on, and not before', async () => {
  const watch = new Watch<string>({ open });
  watch.mark('a');
  expect(opened).toBe(0);
  expect(await watch.next()).toBe('a');
  expect(opened).toBe(1);
  watch.close();
});

test('many changes of one key are given once, then again after the interval', async () => {
  const watch = new Watch<string>({ open });
  for (let i = 0; i < 100; i++) watch.mark('a');
  expect(await watch.next()).toBe('a');
  watch.mark('a');
  const again = watch.next();
  expect(await nextWithin(again, 240)).toBe('waits');
  for (let i = 0; i < 100; i++) watch.mark('a');
  expect(vi.getTimerCount()).toBe(1);
  expect(await nextWithin(again, 20)).toBe('a');
  expect(await nextWithin(watch.next(), 10_000)).toBe('waits');
  watch.close();
});

test('a change that comes while the last one is being read is not skipped', async () => {
  const watch = new Watch<string>({ open });
  let state = 0;
  const seen: number[] = [];
  watch.mark('a');
  const reading = (async () => {
    while ((await watch.next()) !== undefined) {
      seen.push(state);
      // Reading takes its time, and the state moves on meanwhile.
      await vi.advanceTimersByTimeAsync(1);
    }
  })();
  for (state = 1; state <= 50; state++) {
    watch.mark('a');
    await vi.advanceTimersByTimeAsync(state % 7);
  }
  state = 99;
  watch.mark('a');
  await vi.advanceTimersByTimeAsync(300);
  expect(seen.at(-1)).toBe(99);
  expect(seen.length).toBeLessThan(5);
  watch.close();
  await reading;
});

test('one key that changes all the time does not hold up another', async () => {
  const watch = new Watch<string>({ open });
  watch.mark('busy');
  await watch.next();
  watch.mark('busy');
  watch.mark('calm');
  expect(await nextWithin(watch.next(), 0)).toBe('calm');
  watch.close();
});

test('closing ends a next that waits, stops listening once, and leaves no timer', async () => {
  const watch = new Watch<string>({ open });
  watch.mark('a');
  await watch.next();
  watch.mark('a');
  const next = watch.next();
  await vi.advanceTimersByTimeAsync(1);
  watch.close();
  watch.close();
  expect(await next).toBeUndefined();
  expect(await watch.next()).toBeUndefined();
  expect([ended, vi.getTimerCount()]).toEqual([1, 0]);
});

test('a watch that is closed while it opens ends at once, and lets go of what is opened late', async () => {
  const { promise, resolve } = Promise.withResolvers<() => void>();
  const watch = new Watch<string>({ open: () => promise });
  const next = watch.next();
  watch.close();
  expect(await next).toBeUndefined();
  resolve(() => {
    ended++;
  });
  await promise;
  await vi.advanceTimersByTimeAsync(0);
  expect(ended).toBe(1);
});

test('one that can not open says so', async () => {
  const watch = new Watch<string>({ open: () => Promise.reject(new Error('no bus')) });
  await expect(watch.next()).rejects.toThrow('no bus');
  watch.close();
});
