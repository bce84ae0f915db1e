import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, isPending, poolOf, settle } from './scripted-pool.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const seconds = (n: number) => vi.advanceTimersByTimeAsync(n * 1_000);

/** A pool of `a` with three places, which has failed `times` in a row. */
async function failed(times: number, error: (i: number) => unknown) {
  const made = poolOf({ a: 3 });
  made.pool.start();
  for (let i = 0; i < times; i++) {
    (await made.acquire()).end(error(i));
    await settle();
  }
  return made;
}

describe('the circuit breaker', () => {
  test.each(['unreachable', 'unavailable', 'timeout', 'truncated', 'protocol'] as const)(
    'three failures of kind %s put a backend out although it answers its probes, until it has cooled down',
    async (kind) => {
      const { pool, status, acquire, told } = await failed(3, () => failure(kind));
      expect(status('a')).toBe('OFFLINE');
      expect(told.at(-1)).toEqual(pool.state());
      const waiting = acquire();
      await seconds(4.9);
      expect(await isPending(waiting)).toBe(true);
      await seconds(1.1);
      expect((await waiting).backend.name).toBe('a');
      expect(status('a')).toBe('ONLINE');
      await pool.close();
    },
  );

  test.each([
    ['two failures', 2, () => failure('timeout')],
    ['refusals', 5, () => failure('refused')],
    ['cancels', 5, () => new Error('cancelled')],
    ['failures with a success in between', 5, (i: number) => (i === 2 ? undefined : failure('timeout'))],
  ])('%s do not open it', async (_, times, error) => {
    const { pool, status } = await failed(times, error);
    expect(status('a')).toBe('ONLINE');
    await pool.close();
  });

  test('a cancel does not count as a success either', async () => {
    const { pool, status } = await failed(4, (i) => (i === 1 ? new Error('cancelled') : failure('timeout')));
    expect(status('a')).toBe('OFFLINE');
    await pool.close();
  });

  test('who waits in line is not given the backend whose last failure opened it', async () => {
    const { pool, acquire } = await failed(2, () => failure('truncated'));
    const leases = [await acquire(), await acquire(), await acquire()];
    const waiting = acquire();
    leases[0]?.end(failure('truncated'));
    expect(await isPending(waiting)).toBe(true);
    await pool.close();
    await expect(waiting).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test('requests from before it opened have no say once it is closed again', async () => {
    const { pool, backend, status, acquire } = poolOf({ a: 8 });
    pool.start();
    const leases = await Promise.all(Array.from({ length: 8 }, () => acquire()));
    for (const lease of leases.splice(0, 3)) lease.end(failure('timeout'));
    await settle();
    expect(status('a')).toBe('OFFLINE');
    await seconds(6);
    expect(status('a')).toBe('ONLINE');
    for (const lease of leases) lease.end(failure('timeout'));
    await settle();
    expect(status('a')).toBe('ONLINE');
    expect(backend('a').mostProbing).toBe(1);
    await pool.close();
  });

  test('a backend that was gone meanwhile was started anew, and is back at once', async () => {
    const { pool, backend, status } = await failed(2, () => failure('truncated'));
    backend('a').answer = failure('unreachable');
    (await pool.acquire({ signal: new AbortController().signal })).end(failure('truncated'));
    await seconds(1);
    expect(status('a')).toBe('OFFLINE');
    backend('a').answer = 'well';
    await seconds(1);
    expect(status('a')).toBe('ONLINE');
    for (let i = 0; i < 3; i++) {
      (await pool.acquire({ signal: new AbortController().signal })).end(failure('truncated'));
      await settle();
    }
    await seconds(2);
    expect(status('a')).toBe('OFFLINE');
    await pool.close();
  });

  test('a backend that was there, but not well, is not', async () => {
    const { pool, backend, status } = await failed(3, () => failure('unavailable'));
    backend('a').answer = failure('unavailable');
    await seconds(2);
    backend('a').answer = 'well';
    await seconds(2);
    expect(status('a')).toBe('OFFLINE');
    await seconds(2);
    expect(status('a')).toBe('ONLINE');
    await pool.close();
  });

  test('a failed request has the backend probed at once', async () => {
    const { pool, backend, status, acquire } = poolOf({ a: 1 });
    pool.start();
    const lease = await acquire();
    backend('a').answer = failure('unreachable');
    lease.end(failure('truncated'));
    await settle();
    expect(status('a')).toBe('OFFLINE');
    expect(backend('a').probes).toBe(2);
    await pool.close();
  });

  test('many failed requests have it probed once', async () => {
    const { pool, backend, acquire } = poolOf({ a: 3 });
    pool.start();
    const leases = [await acquire(), await acquire(), await acquire()];
    backend('a').answer = 'never';
    for (const lease of leases) lease.end(failure('timeout'));
    await settle();
    expect(backend('a')).toMatchObject({ probes: 2, probing: 1 });
    await pool.close();
  });
});

describe('Retry-After', () => {
  test('the backend is up but no choice until then, however often it asks', async () => {
    const { pool, status, acquire } = poolOf({ a: 5 });
    pool.start();
    const leases = await Promise.all(Array.from({ length: 5 }, () => acquire()));
    for (const [i, lease] of leases.entries()) lease.end(failure('unavailable', i === 2 ? 20_000 : 5_000));
    await settle();
    expect(status('a')).toBe('ONLINE');
    const waiting = pool.acquire({ unavailableTimeoutMs: 100, signal: new AbortController().signal });
    await seconds(19.9);
    expect(await isPending(waiting)).toBe(true);
    await seconds(0.1);
    await waiting;
    await pool.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a minute is the longest that it is left alone', async () => {
    const { pool, acquire } = await failed(1, () => failure('unavailable', 3_600_000));
    const waiting = acquire();
    await seconds(59.9);
    expect(await isPending(waiting)).toBe(true);
    await seconds(0.1);
    await waiting;
    await pool.close();
  });

  test('another backend is taken meanwhile, and so is one to be avoided', async () => {
    const { acquire, pool } = poolOf({ a: 2, b: 2 });
    pool.start();
    const lease = await acquire();
    expect(lease.backend.name).toBe('a');
    lease.end(failure('unavailable', 5_000));
    await settle();
    expect((await acquire()).backend.name).toBe('b');
    expect((await acquire('b')).backend.name).toBe('b');
    await pool.close();
  });

  test('a probe that is told so has failed: nobody waits for ever for a backend that is never ready', async () => {
    const { acquire, pool, backend, status } = poolOf({ a: 1 });
    backend('a').answer = failure('unavailable', 5_000);
    pool.start();
    await settle();
    expect(status('a')).toBe('OFFLINE');
    const waiting = acquire().catch(() => undefined);
    expect(await isPending(waiting)).toBe(true);
    backend('a').answer = 'well';
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await isPending(waiting)).toBe(false);
    await pool.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
