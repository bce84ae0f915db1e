import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { memoryBus } from '../../src/bus/memory.ts';
import { cancel } from '../../src/generation/cancel.ts';
import { keepSweeping, sweep } from '../../src/generation/sweep.ts';
import { memoryQueue } from '../../src/queue/memory.ts';
import type { UnsettledGeneration } from '../../src/store/store.ts';
import { queuedGeneration, useParts } from './parts.ts';

const opened = useParts();

test('every generation that has not ended is queued, the oldest first, also those whose run is gone', async () => {
  const { parts } = opened;
  const [first, second, third] = [
    await queuedGeneration(parts),
    await queuedGeneration(parts),
    await queuedGeneration(parts),
  ];
  await parts.store.generations.start(third.id, 1, 5);
  await cancel({ ...parts, logRetentionMs: 60_000 }, second);
  const queue = memoryQueue();
  const deps = { store: parts.store, queue, known: new Set(['whale']), heardAt: () => 0, onOrphan: async () => {} };
  await sweep(deps);
  await sweep(deps);
  const ran: string[] = [];
  const stop = await queue.work(async ({ id }) => void ran.push(id), new Map([['whale', 1]]));
  await new Promise((resolve) => setImmediate(resolve));
  await stop();
  expect(ran).toEqual([first.id, third.id]);
});

test('of what is looked for again and again each model is looked after by one process at a time', async () => {
  const { parts } = opened;
  const [whale, squid] = [await queuedGeneration(parts), await queuedGeneration(parts, { modelId: 'squid' })];
  await queuedGeneration(parts);
  const added: string[] = [];
  const claimed: string[] = [];
  const queue = {
    ...memoryQueue(),
    add: async ({ id }: { id: string }) => void added.push(id),
    async claim(modelId: string) {
      claimed.push(modelId);
      return modelId === 'squid';
    },
  };
  const others = { known: new Set(['whale', 'squid']), heardAt: () => 0, onOrphan: async () => {} };
  await sweep({ store: parts.store, queue, ...others }, false);
  expect([added, claimed]).toEqual([[squid.id], ['whale', 'squid']]);
  await sweep({ store: parts.store, queue, ...others });
  expect(added.slice(1)).toContain(whale.id);
  expect(added).toHaveLength(4);
});

test('a generation that can not be queued keeps none of the others waiting, and is told of in the end', async () => {
  const { parts } = opened;
  const [first, orphan, third] = [
    await queuedGeneration(parts),
    await queuedGeneration(parts, { modelId: 'gone' }),
    await queuedGeneration(parts),
  ];
  const fault = (id: string) => new Error(`no place for ${id}`);
  const queue = memoryQueue();
  const added: string[] = [];
  const failing: typeof queue = {
    ...queue,
    async add({ id }) {
      if (id === first.id) throw fault(id);
      added.push(id);
    },
  };
  const onOrphan = ({ id }: { id: string }) => Promise.reject(fault(id));
  const swept = sweep({ store: parts.store, queue: failing, known: new Set(['whale']), heardAt: () => 0, onOrphan });
  await expect(swept).rejects.toMatchObject({ errors: [fault(first.id), fault(orphan.id)] });
  expect(added).toEqual([third.id]);
});

test('generations of a model that is not configured here end once they have waited 5 min, and nobody has had it for as long', async () => {
  const { parts } = opened;
  const { id, createdAt } = await queuedGeneration(parts, { modelId: 'new' });
  const ended: string[] = [];
  const sweepAt = async (ms: number, heardMs: number) => {
    const onOrphan = async (job: { id: string }) => void ended.push(job.id);
    const [now, heardAt] = [() => createdAt + ms, () => createdAt + heardMs];
    await sweep({ store: parts.store, queue: memoryQueue(), known: new Set(['whale']), heardAt, onOrphan, now });
  };
  // The model is new, and its first worker not there yet; then it was, a moment ago.
  await sweepAt(299_999, -3_600_000);
  await sweepAt(3_600_000, 3_300_001);
  expect(ended).toEqual([]);
  await sweepAt(3_600_000, 3_300_000);
  await sweepAt(300_000, -1);
  expect(ended).toEqual([id, id]);
});

describe('sweeping again and again', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Sweeping of records that answer when they are told to. */
  function begin(check = async () => {}) {
    const sweeps: PromiseWithResolvers<UnsettledGeneration[]>[] = [];
    const errors: unknown[] = [];
    const unsettled = () => {
      const asked = Promise.withResolvers<UnsettledGeneration[]>();
      sweeps.push(asked);
      return asked.promise;
    };
    let listener = (_message: unknown) => {};
    const bus = {
      ...memoryBus(),
      check,
      async subscribe(_topic: string, listen: typeof listener) {
        listener = listen;
        return () => {};
      },
    };
    const store = { ...opened.parts.store, generations: { ...opened.parts.store.generations, unsettled } };
    // Another process has always been there first.
    const added: string[] = [];
    const add = async ({ id }: { id: string }) => void added.push(id);
    const queue = { ...memoryQueue(), add, claim: async () => false };
    const others = { queue, known: new Set(['whale']), heardAt: () => 0, onOrphan: async () => {} };
    const end = keepSweeping({ store, bus, ...others, onError: (error) => errors.push(error) });
    const busIsBack = () => listener(undefined);
    return { sweeps, errors, added, end, busIsBack };
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  test('happens now, 10 s after the last one, and not after the end', async () => {
    const { sweeps, end } = begin();
    await pass(0);
    expect(sweeps).toHaveLength(1);
    sweeps[0]?.resolve([]);
    await pass(9_999);
    expect(sweeps).toHaveLength(1);
    await pass(1);
    expect(sweeps).toHaveLength(2);
    end();
    sweeps[1]?.resolve([]);
    await pass(60_000);
    expect([sweeps.length, vi.getTimerCount()]).toEqual([2, 0]);
  });

  test('happens at once when the bus is back, and never twice at the same time', async () => {
    const { sweeps, busIsBack, end } = begin();
    await pass(0);
    sweeps[0]?.resolve([]);
    await pass(0);
    busIsBack();
    await pass(0);
    expect(sweeps).toHaveLength(2);
    // It may have passed already what waits now.
    busIsBack();
    await pass(60_000);
    expect(sweeps).toHaveLength(2);
    sweeps[1]?.resolve([]);
    await pass(0);
    expect(sweeps).toHaveLength(3);
    sweeps[2]?.resolve([]);
    await pass(9_999);
    expect(sweeps).toHaveLength(3);
    end();
  });

  test('leaves nothing to others at the start, when the bus is back, and after a failure', async () => {
    const { sweeps, added, busIsBack, end } = begin();
    const row = (id: string) => ({ id, modelId: 'whale', viewerId: 'usr_1', status: 'QUEUED' as const, createdAt: 0 });
    await pass(0);
    sweeps[0]?.resolve([row('at the start')]);
    await pass(10_000);
    sweeps[1]?.resolve([row('another one did it')]);
    await pass(0);
    busIsBack();
    await pass(0);
    sweeps[2]?.resolve([row('bus is back')]);
    await pass(10_000);
    sweeps[3]?.reject(new Error('no records'));
    await pass(1_000);
    sweeps[4]?.resolve([row('failed before')]);
    await pass(0);
    expect(added).toEqual(['at the start', 'bus is back', 'failed before']);
    end();
  });

  test('happens soon again where it failed, and asks nothing of the records while the bus is away', async () => {
    let away = true;
    const { sweeps, errors, end } = begin(async () => {
      if (away) throw new Error('away');
    });
    await pass(2_500);
    expect([sweeps.length, errors.map(String)]).toEqual([0, Array(3).fill('Error: away')]);
    away = false;
    await pass(1_000);
    expect(sweeps).toHaveLength(1);
    sweeps[0]?.reject(new Error('no records'));
    await pass(1_000);
    expect([sweeps.length, String(errors.at(-1))]).toEqual([2, 'Error: no records']);
    end();
  });
});
