import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PoolState } from '../../src/backends/pool.ts';
import { failure, poolOf, settle } from './scripted-pool.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1) }));
afterEach(() => void vi.useRealTimers());
const seconds = (n: number) => vi.advanceTimersByTimeAsync(n * 1_000);

describe('probes', () => {
  test('before the first one has answered a backend counts as up', async () => {
    const { pool, backend, acquire } = poolOf({ a: 1 });
    backend('a').answer = 'never';
    pool.start();
    expect(pool.state()).toMatchObject({ status: 'ONLINE', onlineSince: Date.now() });
    (await acquire()).end();
    await pool.close();
  });

  test('one that fails puts the backend out, one that succeeds brings it back, each within an interval', async () => {
    const { pool, backend, told } = poolOf({ a: 1, b: 1 });
    pool.start();
    await seconds(10);
    const start = Date.UTC(2030, 0, 1);
    expect(told).toEqual([]);
    backend('a').answer = failure('unreachable');
    await seconds(1);
    expect(told.at(-1)).toMatchObject({
      status: 'DEGRADED',
      onlineSince: start,
      backends: [
        { name: 'a', status: 'OFFLINE', lastError: '2030-01-01T00:00:11.000Z: it was unreachable.' },
        { name: 'b' },
      ],
    });
    backend('b').answer = failure('unavailable');
    await seconds(1);
    expect(told.at(-1)).toMatchObject({ status: 'OFFLINE', onlineSince: null });
    await seconds(5);
    expect(told).toHaveLength(2);
    backend('a').answer = 'well';
    await seconds(1);
    expect(told.at(-1)).toMatchObject({
      status: 'DEGRADED',
      onlineSince: start + 18_000,
      backends: [{ status: 'ONLINE' }, {}],
    });
    backend('b').answer = 'well';
    await seconds(1);
    expect(told.at(-1)).toMatchObject({ status: 'ONLINE', onlineSince: start + 18_000 });
    backend('a').answer = failure('unreachable');
    await seconds(1);
    expect(pool.state().backends[0]?.lastError).toBe('2030-01-01T00:00:20.000Z: it was unreachable.');
    await pool.close();
  });

  test('a late one puts out a backend on which nothing runs, within two seconds', async () => {
    const { pool, backend, status } = poolOf({ a: 1 });
    pool.start();
    await seconds(1);
    backend('a').answer = 'never';
    await seconds(2);
    expect(status('a')).toBe('OFFLINE');
    expect(pool.state().backends[0]?.lastError).toContain('a did not answer within 700 ms.');
    await pool.close();
  });

  test('a backend that serves is put out by the third late one in a row only', async () => {
    const { pool, backend, acquire, status, told } = poolOf({ a: 1 });
    pool.start();
    const lease = await acquire();
    await seconds(0.5);
    backend('a').answer = 'never';
    await seconds(2.4);
    backend('a').answer = 'well';
    await seconds(2);
    backend('a').answer = 'never';
    await seconds(2.7);
    expect(status('a')).toBe('ONLINE');
    expect(told).toHaveLength(1);
    await seconds(1);
    expect(status('a')).toBe('OFFLINE');
    lease.end();
    await pool.close();
  });

  test('a request that succeeds makes up for late ones', async () => {
    const { pool, backend, acquire, status } = poolOf({ a: 2 });
    backend('a').answer = 'never';
    const [lease] = [await acquire(), await acquire()];
    pool.start();
    await seconds(2.5);
    lease.end();
    await seconds(2);
    expect(status('a')).toBe('ONLINE');
    await seconds(1);
    expect(status('a')).toBe('OFFLINE');
    await pool.close();
  });

  test('there is one at a time, one an interval', async () => {
    const { pool, backend } = poolOf({ a: 1 }, { probeIntervalMs: 1_000, probeTimeoutMs: 2_500 });
    pool.start();
    await seconds(9.5);
    expect(backend('a').probes).toBe(10);
    backend('a').answer = 'never';
    await seconds(10);
    expect(backend('a')).toMatchObject({ probes: 14, mostProbing: 1 });
    await pool.close();
  });

  test('one that throws something else than a BackendError puts the backend out without telling what', async () => {
    const { pool, backend } = poolOf({ a: 1 });
    backend('a').answer = new TypeError('the key is sk-123');
    pool.start();
    await settle();
    expect(pool.state()).toMatchObject({ status: 'OFFLINE' });
    expect(pool.state().backends[0]?.lastError).toMatch(/Z: The probe of a failed\.$/);
    await pool.close();
  });
});

describe('onChange', () => {
  test('it is told every change, never in the middle of a call, the last state for sure', async () => {
    const told: PoolState[] = [];
    let calling = false;
    const { pool, acquire } = poolOf(
      { a: 2 },
      {
        onChange: (state) => {
          expect(calling).toBe(false);
          told.push(state);
        },
      },
    );
    const during = <T>(call: () => T): T => {
      calling = true;
      const result = call();
      calling = false;
      return result;
    };
    const leases = await Promise.all([during(() => acquire()), during(() => acquire())]);
    await settle();
    expect(told.map(({ backends }) => backends[0]?.running)).toEqual([2]);
    for (const lease of leases) {
      during(() => lease.end(failure('protocol')));
      await settle();
    }
    expect(told.map(({ backends }) => backends[0]?.running)).toEqual([2, 1, 0]);
    expect(told.at(-1)).toEqual(pool.state());
  });
});

describe('close', () => {
  test('it sends away who waits, stops the probe under way, and leaves no timer', async () => {
    const { pool, backend, acquire, told } = poolOf({ a: 1, b: 1 });
    backend('a').answer = 'never';
    let stopped = false;
    backend('b').probe = async (signal) => {
      await once(signal, 'abort');
      await settle();
      stopped = true;
    };
    pool.start();
    const leases = [await acquire(), await acquire()];
    const waiting = expect(acquire()).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'The pool of m is closed.',
    });
    await settle();
    const before = told.length;
    const closed = pool.close();
    await waiting;
    await closed;
    expect([backend('a').probing, stopped]).toEqual([0, true]);
    expect(pool.state().status).toBe('ONLINE');
    expect(vi.getTimerCount()).toBe(0);
    leases[0]?.end(failure('unreachable'));
    leases[1]?.end(failure('unavailable', 1_000));
    await settle();
    expect(pool.state().backends.map(({ running }) => running)).toEqual([0, 0]);
    expect(told).toHaveLength(before);
    expect(vi.getTimerCount()).toBe(0);
    await expect(acquire()).rejects.toThrow('closed');
  });
});
