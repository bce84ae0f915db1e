import { expect, test } from 'vitest';
import { cancel } from '../../src/generation/cancel.ts';
import { sweep } from '../../src/generation/sweep.ts';
import { memoryQueue } from '../../src/queue/memory.ts';
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
  const deps = { store: parts.store, queue, known: new Set(['whale']), onOrphan: async () => {} };
  await sweep(deps);
  await sweep(deps);
  const ran: string[] = [];
  const stop = await queue.work(async ({ id }) => void ran.push(id), new Map([['whale', 1]]));
  await new Promise((resolve) => setImmediate(resolve));
  await stop();
  expect(ran).toEqual([first.id, third.id]);
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
  const swept = sweep({ store: parts.store, queue: failing, known: new Set(['whale']), onOrphan });
  await expect(swept).rejects.toMatchObject({ errors: [fault(first.id), fault(orphan.id)] });
  expect(added).toEqual([third.id]);
});
