import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Lease } from '../../src/backends/pool.ts';
import type { Slot } from '../../src/backends/slots.ts';
import { failure, isPending, poolOf, seeded, settle } from './scripted-pool.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const names = (leases: readonly Lease[]) => leases.map(({ backend }) => backend.name);

describe('which backend', () => {
  test('it is the one that is least busy for its size', async () => {
    const { acquire, pool } = poolOf({ small: 1, big: 3 });
    expect(pool.capacity).toBe(4);
    const leases = [await acquire(), await acquire(), await acquire(), await acquire()];
    expect(names(leases)).toEqual(['small', 'big', 'big', 'big']);
    leases[2]?.end();
    await settle();
    expect((await acquire()).backend.name).toBe('big');
  });

  test('one that has become free is taken before one that was taken longer ago', async () => {
    const { acquire } = poolOf({ a: 4, b: 4 });
    const leases = await Promise.all(Array.from({ length: 4 }, () => acquire()));
    for (const lease of leases) if (lease.backend.name === 'a') lease.end();
    await settle();
    expect(names([await acquire(), await acquire()])).toEqual(['a', 'a']);
  });

  test('equally busy ones take turns', async () => {
    const { acquire } = poolOf({ a: 2, b: 2 });
    const taken: string[] = [];
    for (let i = 0; i < 4; i++) {
      const lease = await acquire();
      taken.push(lease.backend.name);
      lease.end();
      await settle();
    }
    expect(taken).toEqual(['a', 'b', 'a', 'b']);
  });

  test('one to be avoided is left alone while another has room, and taken rather than to wait', async () => {
    const { acquire } = poolOf({ a: 1, b: 1 });
    const names = [(await acquire('a')).backend.name, (await acquire('a')).backend.name];
    expect(names).toEqual(['b', 'a']);
    expect(await isPending(acquire('a'))).toBe(true);
  });

  test('one to be avoided is taken where no other is up', async () => {
    const { pool, backend, acquire } = poolOf({ a: 1, b: 1 });
    backend('b').answer = failure('unreachable');
    pool.start();
    await settle();
    expect((await acquire('a')).backend.name).toBe('a');
    await pool.close();
  });

  test.each([
    ['well', true],
    [failure('unreachable'), false],
  ] as const)('one to be avoided is not taken before a probe since its failure is over: %s', async (answer, taken) => {
    const { pool, backend, acquire } = poolOf({ a: 2 });
    pool.start();
    await settle();
    const a = backend('a');
    const [first, second] = [await acquire(), await acquire()];
    a.answer = 'never';
    first.end(failure('truncated'));
    await settle();
    // The second failure comes while the probe after the first is under way, which knows nothing of it.
    second.end(failure('truncated'));
    await settle();
    const retry = acquire('a');
    expect(await isPending(retry)).toBe(true);
    expect((await acquire()).backend.name).toBe('a');
    a.answer = answer;
    await vi.advanceTimersByTimeAsync(700);
    expect(a.probes).toBe(3);
    expect(await isPending(retry)).toBe(!taken);
    retry.catch(() => {});
    await pool.close();
  });

  test('one to be avoided is taken after the first probe since its failure, however many others fail meanwhile', async () => {
    const { pool, backend, acquire } = poolOf({ a: 9 });
    pool.start();
    await settle();
    const a = backend('a');
    a.answer = 'never';
    const others = await Promise.all(Array.from({ length: 6 }, () => acquire()));
    const fail = async (lease: Lease | undefined) => {
      lease?.end(failure('truncated'));
      await settle();
    };
    await fail(others[0]);
    // One that goes well keeps the breaker closed.
    others[1]?.end();
    await settle();
    const retry = acquire('a');
    await fail(others[2]);
    expect(await isPending(retry)).toBe(true);
    await vi.advanceTimersByTimeAsync(700);
    expect((await retry).backend.name).toBe('a');
    expect(a.probes).toBe(3);
    for (const lease of [await retry, ...others.slice(3)]) lease.end();
    await pool.close();
  });

  test('a pool of nothing, of namesakes, of half places is refused', () => {
    expect(() => poolOf({})).toThrow('no backend');
    expect(() => poolOf({ a: 0.5 })).toThrow('a can run 0.5');
    const backends = [...poolOf({ a: 1 }).pool.state().backends].map(() => ({ concurrency: 1 }));
    const { backend } = poolOf({ a: 1 });
    const twice = [...backends, ...backends].map((size) => ({ ...size, backend: backend('a') }));
    expect(() => poolOf({ a: 1 }, { backends: twice })).toThrow('same name');
  });
});

describe('the line', () => {
  test('who came first is served first', async () => {
    const { acquire } = poolOf({ a: 1 });
    const first = await acquire();
    const served: number[] = [];
    const serve = async (i: number) => {
      const lease = await acquire();
      served.push(i);
      lease.end();
    };
    const all = Promise.all([1, 2, 3, 4, 5].map(serve));
    expect(await isPending(all)).toBe(true);
    first.end();
    await all;
    expect(served).toEqual([1, 2, 3, 4, 5]);
  });

  test('who is aborted leaves it with the reason, and the place goes to the next', async () => {
    const { pool, acquire } = poolOf({ a: 1 });
    const controller = new AbortController();
    const first = await pool.acquire({ signal: controller.signal });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    const [aborted, next] = [pool.acquire({ signal: controller.signal }), acquire()];
    const reason = new Error('cancelled');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    first.end();
    await next;
    await expect(pool.acquire({ signal: controller.signal })).rejects.toBe(reason);
    expect(pool.state().backends[0]?.running).toBe(1);
  });

  test('a lease that is ended twice gives one place back', async () => {
    const { acquire, pool } = poolOf({ a: 2 });
    const [lease] = [await acquire(), await acquire()];
    lease.end();
    lease.end(failure('timeout'));
    await settle();
    expect(pool.state().backends[0]).toMatchObject({ running: 1, lastError: null });
  });

  test('no backend ever gets more than its concurrency, and nobody is forgotten, in 1,000 random operations', async () => {
    const random = seeded(7);
    const sizes: Record<string, number> = { a: 1, b: 2, c: 5 };
    const { pool, backend, acquire } = poolOf(sizes);
    const leases: Lease[] = [];
    const held = new Map<string, number>();
    const mostHeld = new Map<string, number>();
    let [asked, left, full] = [0, 0, 0];
    const take = (lease: Lease) => {
      const { name } = lease.backend;
      held.set(name, (held.get(name) ?? 0) + 1);
      mostHeld.set(name, Math.max(mostHeld.get(name) ?? 0, held.get(name) ?? 0));
      leases.push(lease);
    };
    const giveBack = (error?: Error) => {
      const [lease] = leases.splice(Math.floor(random() * leases.length), 1);
      if (lease) held.set(lease.backend.name, (held.get(lease.backend.name) ?? 0) - 1);
      lease?.end(error);
    };
    let abort = new AbortController();
    pool.start();
    for (let i = 0; i < 1_000; i++) {
      const draw = random();
      const name = 'abc'[Math.floor(random() * 3)] ?? 'a';
      if (draw < 0.45) {
        asked++;
        const avoid = random() < 0.3 ? name : undefined;
        pool.acquire({ avoid, signal: abort.signal }).then(take, () => left++);
      } else if (draw < 0.75) giveBack();
      else if (draw < 0.85) giveBack(failure(random() < 0.5 ? 'timeout' : 'refused'));
      else if (draw < 0.88) giveBack(failure('unavailable', 500));
      else if (draw < 0.94) backend(name).answer = random() < 0.3 ? failure('unreachable') : 'well';
      else if (draw < 0.96) {
        abort.abort();
        abort = new AbortController();
      } else await vi.advanceTimersByTimeAsync(random() * 2_000);
      await settle();
      for (const { name, running, concurrency } of pool.state().backends) {
        expect(running).toBe(held.get(name) ?? 0);
        expect(running).toBeLessThanOrEqual(concurrency);
        if (running === concurrency) full++;
      }
    }
    for (const name of Object.keys(sizes)) backend(name).answer = 'well';
    for (; leases.length > 0; await vi.advanceTimersByTimeAsync(60_000)) giveBack();
    expect(Object.fromEntries(mostHeld)).toEqual(sizes);
    expect(full).toBeGreaterThan(100);
    expect(left).toBeGreaterThan(10);
    expect([...held.values()]).toEqual([0, 0, 0]);
    const last = await Promise.all(Array.from({ length: 8 }, () => acquire()));
    expect(last).toHaveLength(pool.capacity);
    expect(asked).toBeGreaterThan(400);
    await pool.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the time limit while no backend is up', () => {
  const down = async () => {
    const made = poolOf({ a: 1, b: 1 });
    made.backend('a').answer = failure('unreachable');
    made.backend('b').answer = failure('protocol');
    made.pool.start();
    await settle();
    return made;
  };
  const wait = ({ pool }: ReturnType<typeof poolOf>) =>
    pool.acquire({ unavailableTimeoutMs: 60_000, signal: new AbortController().signal });

  test('it ends the wait, and does not tell everybody what was wrong with each', async () => {
    const made = await down();
    const waiting = wait(made);
    await vi.advanceTimersByTimeAsync(30_000);
    const abort = new AbortController();
    const waitLater = () => made.pool.acquire({ unavailableTimeoutMs: 60_000, signal: abort.signal });
    const later = Promise.race([waitLater(), waitLater()]);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(await isPending(waiting)).toBe(true);
    const failed = expect(waiting).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'No backend of m has been up for 60 s.',
    });
    await vi.advanceTimersByTimeAsync(1);
    await failed;
    expect(await isPending(later)).toBe(true);
    abort.abort();
    await made.pool.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('it counts from when the request began to wait, in whatever line, and from when all were down', async () => {
    const made = await down();
    await vi.advanceTimersByTimeAsync(100_000);
    const signal = new AbortController().signal;
    const waits = (waitingSince: number) => made.pool.acquire({ unavailableTimeoutMs: 60_000, waitingSince, signal });
    const atOnce = expect(waits(Date.now() - 80_000)).rejects.toMatchObject({ kind: 'unavailable' });
    await vi.advanceTimersByTimeAsync(0);
    await atOnce;
    const later = waits(Date.now() - 20_000);
    const failed = expect(later).rejects.toMatchObject({ kind: 'unavailable' });
    await vi.advanceTimersByTimeAsync(39_000);
    expect(await isPending(later)).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    await failed;
    await made.pool.close();
  });

  test('it begins anew when one comes up, and does not run while one is up but full', async () => {
    const made = await down();
    await vi.advanceTimersByTimeAsync(100);
    const [first, second] = [wait(made), wait(made)];
    await vi.advanceTimersByTimeAsync(50_000);
    made.backend('a').answer = 'well';
    await vi.advanceTimersByTimeAsync(1_000);
    const lease = await first;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(await isPending(second)).toBe(true);
    made.backend('a').answer = failure('unreachable');
    await vi.advanceTimersByTimeAsync(59_999);
    expect(await isPending(second)).toBe(true);
    const failed = expect(second).rejects.toMatchObject({ kind: 'unavailable' });
    await vi.advanceTimersByTimeAsync(1_000);
    await failed;
    lease.end();
    await made.pool.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('without one the wait has no end', async () => {
    const made = await down();
    const waiting = made.acquire();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(await isPending(waiting)).toBe(true);
    made.backend('b').answer = 'well';
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await waiting).backend.name).toBe('b');
    await made.pool.close();
  });
});

describe('places that other processes share', () => {
  /** Slots that answer when they are told to, whether there was a place. */
  function slots() {
    const asked: PromiseWithResolvers<Slot | undefined>[] = [];
    const take = () => {
      const answer = Promise.withResolvers<Slot | undefined>();
      asked.push(answer);
      return answer.promise;
    };
    let released = 0;
    const slot = { release: () => void released++ };
    return { slots: { take }, asked, slot, released: () => released };
  }

  test('who finds that another process has the place stays in front of those who came later', async () => {
    const { slots: shared, asked, slot } = slots();
    const { acquire } = poolOf({ a: 1 }, { slots: shared });
    const served: string[] = [];
    const come = async (who: string) => {
      const lease = await acquire();
      served.push(who);
      return lease;
    };
    const [first, second] = [come('first'), come('second')];
    await settle();
    asked[0]?.resolve(undefined);
    await settle();
    await vi.advanceTimersByTimeAsync(200);
    asked[1]?.resolve(slot);
    await settle();
    expect(served).toEqual(['first']);
    (await first).end();
    await settle();
    asked[2]?.resolve(slot);
    (await second).end();
    expect(asked).toHaveLength(3);
  });

  test('who is called off while the place is asked for leaves at once, and gives back what comes late', async () => {
    const { slots: shared, asked, slot, released } = slots();
    const { pool, acquire } = poolOf({ a: 1 }, { slots: shared });
    const stop = new AbortController();
    const leaving = pool.acquire({ signal: stop.signal });
    await settle();
    stop.abort(new Error('enough'));
    await expect(leaving).rejects.toThrow('enough');
    expect(pool.state().backends[0]?.running).toBe(0);
    asked[0]?.resolve(slot);
    await settle();
    expect(released()).toBe(1);
    const next = acquire();
    await settle();
    asked[1]?.resolve(slot);
    expect((await next).backend.name).toBe('a');
  });
});
