import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { BackendRequest } from '../../../src/backends/backend.ts';
import { ngramBackend } from '../../../src/backends/ngram/ngram.ts';

const unaborted = new AbortController().signal;

const ask = (maxTokens: number): BackendRequest => ({
  generationId: 'gen_1',
  messages: [{ role: 'USER', text: 'The whale' }],
  parameters: { maxTokens },
  prefix: '',
  prefixTokens: 0,
});

beforeAll(() => ngramBackend().probe(unaborted));

describe('the pace', () => {
  afterEach(() => vi.useRealTimers());

  /** Reads a run in the background; `tokens` is what has come so far. */
  function read(tokensPerSecond: number, signal: AbortSignal = unaborted, maxTokens = 2000) {
    const seen = { tokens: 0, deltas: 0, done: Promise.resolve() };
    const onDelta = (_text: string, tokens: number) => {
      seen.tokens += tokens;
      seen.deltas++;
      return undefined;
    };
    seen.done = ngramBackend({ tokensPerSecond })
      .generate(ask(maxTokens), onDelta, signal)
      .then(() => {});
    return seen;
  }

  test('is one token at once and then so many a second, without drift', async () => {
    vi.useFakeTimers();
    for (const rate of [40, 7.3, 3000]) {
      const stopping = new AbortController();
      const seen = read(rate, stopping.signal, 100_000);
      await vi.advanceTimersByTimeAsync(0);
      const slack = 1 + rate / 1000;
      expect(seen.tokens).toBeGreaterThan(0);
      expect(seen.tokens).toBeLessThan(1 + slack);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(Math.abs(seen.tokens - 1 - rate * 10)).toBeLessThan(slack);
      stopping.abort(new Error('enough'));
      await expect(seen.done).rejects.toThrow('enough');
    }
  });

  test('catches up when the process was busy', async () => {
    vi.useFakeTimers();
    const stopping = new AbortController();
    const seen = read(40, stopping.signal);
    await vi.advanceTimersByTimeAsync(0);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => now + 1000);
    await vi.advanceTimersByTimeAsync(25);
    expect(seen).toMatchObject({ tokens: 41, deltas: 2 });
    vi.restoreAllMocks();
    stopping.abort();
    await expect(seen.done).rejects.toThrow('aborted');
  });

  test('has one timer a stream, and none is left of an aborted one', async () => {
    vi.useFakeTimers();
    const stopping = new AbortController();
    const streams = [read(0.001, stopping.signal), read(40, stopping.signal), read(40, stopping.signal)];
    await vi.advanceTimersByTimeAsync(100);
    expect(vi.getTimerCount()).toBe(3);
    const reason = new Error('the viewer left');
    const remove = vi.spyOn(stopping.signal, 'removeEventListener');
    stopping.abort(reason);
    for (const { done } of streams) await expect(done).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
    expect(remove).toHaveBeenCalledTimes(3);
  });

  test('gives way to other work where it is unlimited, and to an abort', async () => {
    const stopping = new AbortController();
    const seen = read(0, stopping.signal, 1_000_000);
    let before = seen.deltas;
    for (let turn = 0; turn < 50; turn++) {
      await nextTurn();
      expect(seen.deltas - before).toBeLessThanOrEqual(2);
      before = seen.deltas;
    }
    expect(seen.tokens).toBeGreaterThan(1000);
    const reason = new Error('the viewer left');
    stopping.abort(reason);
    await expect(seen.done).rejects.toBe(reason);
    expect(seen.deltas - before).toBeLessThanOrEqual(1);
  });

  test('is not even begun when the signal was aborted before', async () => {
    const reason = new Error('too late');
    const aborted = AbortSignal.abort(reason);
    const backend = ngramBackend();
    await expect(backend.generate(ask(1), () => undefined, aborted)).rejects.toBe(reason);
    await expect(backend.probe(aborted)).rejects.toBe(reason);
  });

  test('must be a number from 0 up', () => {
    for (const tokensPerSecond of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => ngramBackend({ tokensPerSecond })).toThrow(RangeError);
    }
    expect(ngramBackend()).toMatchObject({ name: 'ngram', kind: 'ngram' });
  });
});
