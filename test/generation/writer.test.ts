import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Entry } from '../../src/domain/entry.ts';
import { Progress } from '../../src/domain/progress.ts';
import { Writer } from '../../src/generation/writer.ts';
import type { Log } from '../../src/log/log.ts';

/** What was appended, each as a list of texts; `hold` makes the log slow. */
const appends: Entry[][] = [];
let hold: Promise<void> | undefined;
let failure: Error | undefined;
const errors: unknown[] = [];

const log = {
  async append(_id: string, _after: unknown, entries: readonly Entry[]) {
    if (failure) throw failure;
    await hold;
    appends.push([...entries]);
  },
} as unknown as Log;

const newWriter = () => {
  const onError = (error: unknown) => errors.push(error);
  const { signal } = new AbortController();
  return new Writer({ log, id: 'gen_1', progress: new Progress('e'), intervalMs: 40, onError, signal });
};
const texts = () => appends.flat().flatMap((entry) => (entry.type === 'textAppended' ? [entry.text] : []));

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  appends.length = 0;
  errors.length = 0;
  [hold, failure] = [undefined, undefined];
});
afterEach(() => vi.useRealTimers());

test('the first token is written at once, what follows once an interval, and nothing while nothing comes', async () => {
  const writer = newWriter();
  await writer.write('a', 1);
  await vi.advanceTimersByTimeAsync(0);
  expect(texts()).toEqual(['a']);
  for (const text of ['b', 'c', 'd']) {
    await writer.write(text, 1);
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(texts()).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(10);
  expect(texts()).toEqual(['a', 'bcd']);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([texts(), vi.getTimerCount()]).toEqual([['a', 'bcd'], 0]);
  await writer.write('e', 1);
  await vi.advanceTimersByTimeAsync(0);
  expect(texts()).toEqual(['a', 'bcd', 'e']);
});

test('a thousand tokens in a second are 26 appends at most, in order, and all their tokens count', async () => {
  const writer = newWriter();
  const all = Array.from({ length: 1_000 }, (_, index) => `${index} `);
  for (const text of all) {
    await writer.write(text, 1);
    await vi.advanceTimersByTimeAsync(1);
  }
  await writer.flush();
  expect(appends.length).toBeLessThanOrEqual(26);
  expect(texts().join('')).toBe(all.join(''));
  expect([writer.progress.text, writer.progress.tokens, writer.progress.offset]).toEqual([
    all.join(''),
    1_000,
    appends.length,
  ]);
  const positions = appends.flat().map((entry) => entry.type === 'textAppended' && entry.position);
  expect(positions).toEqual(texts().map((_, index) => texts().slice(0, index).join('').length));
});

test('a surrogate pair in two deltas is written as one, and a half that stays alone is replaced', async () => {
  const writer = newWriter();
  const [first, second] = ['🐋'.charAt(0), '🐋'.charAt(1)];
  await writer.write(`a${first}`, 1);
  await vi.advanceTimersByTimeAsync(100);
  expect(texts()).toEqual(['a']);
  await writer.write(`${second}b`, 1);
  await writer.write(second, 1);
  await writer.write(first, 1);
  await writer.close();
  expect(texts().join('')).toBe('a🐋b\ufffd\ufffd');
  expect(texts().every((text) => text.isWellFormed())).toBe(true);
});

test("half a pair that one attempt leaves behind is not the next one's", async () => {
  const writer = newWriter();
  await writer.begin('first', 0);
  await writer.write(`a${'🐋'.charAt(0)}`, 1);
  await writer.flush();
  await writer.begin('second', 1);
  await writer.write('🐋', 1);
  await writer.close();
  expect(writer.progress.text).toBe('a🐋');
});

test('a clock that is set back delays the next append by one interval at most', async () => {
  const writer = newWriter();
  await writer.write('a', 1);
  await vi.advanceTimersByTimeAsync(0);
  vi.setSystemTime(1_000);
  await writer.write('b', 1);
  await vi.advanceTimersByTimeAsync(40);
  expect(texts()).toEqual(['a', 'b']);
});

test('a model that is faster than the log is held up once much has gathered, and appends never overlap', async () => {
  const writer = newWriter();
  const { promise, resolve } = Promise.withResolvers<void>();
  hold = promise;
  await writer.write('first', 1);
  await writer.write('x'.repeat(8_000), 1);
  let taken = false;
  const held = writer.write('y'.repeat(1_000), 1)?.then(() => {
    taken = true;
  });
  await vi.advanceTimersByTimeAsync(1_000);
  expect([taken, texts()]).toEqual([false, []]);
  hold = undefined;
  resolve();
  await held;
  expect(texts().map((text) => text.length)).toEqual([5, 9_000]);
});

test('an append that fails is told once, stops the writing, and is what flush throws', async () => {
  const writer = newWriter();
  failure = new Error('the disk is full');
  await writer.write('a', 1);
  await vi.advanceTimersByTimeAsync(100);
  failure = undefined;
  await writer.write('b', 1);
  await vi.advanceTimersByTimeAsync(100);
  await expect(writer.flush()).rejects.toThrow('the disk is full');
  await expect(writer.close()).rejects.toThrow('the disk is full');
  await expect(writer.write('z'.repeat(9_000), 1)).rejects.toThrow('the disk is full');
  expect([errors.map(String), texts(), vi.getTimerCount()]).toEqual([['Error: the disk is full'], [], 0]);
});

test('stopping drops what has gathered', async () => {
  const writer = newWriter();
  await writer.write('a', 1);
  await vi.advanceTimersByTimeAsync(0);
  await writer.write('b', 1);
  writer.stop();
  await vi.advanceTimersByTimeAsync(100);
  expect([texts(), vi.getTimerCount()]).toEqual([['a'], 0]);
});
