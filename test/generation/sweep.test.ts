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
  await sweep({ store: parts.store, queue });
  await sweep({ store: parts.store, queue });
  const ran: string[] = [];
  const stop = await queue.work(
    async ({ id }) => void ran.push(id),
    () => 1,
  );
  await new Promise((resolve) => setImmediate(resolve));
  await stop();
  expect(ran).toEqual([first.id, third.id]);
});
