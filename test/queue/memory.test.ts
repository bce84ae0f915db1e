import { expect, test } from 'vitest';
import { memoryQueue } from '../../src/queue/memory.ts';
import { queueContract } from '../contract/queue.ts';

queueContract('memoryQueue', async () => ({ queue: memoryQueue(), close: async () => {} }));

test('the queue in memory refuses a second worker', async () => {
  const queue = memoryQueue();
  await queue.work(
    async () => {},
    () => 1,
  );
  const second = queue.work(
    async () => {},
    () => 1,
  );
  await expect(second).rejects.toThrow('one worker');
});
