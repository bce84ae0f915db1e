import { expect, test } from 'vitest';
import { memoryBus } from '../../src/bus/memory.ts';
import { busContract } from '../contract/bus.ts';

busContract('memoryBus', async () => memoryBus());

test('a message in memory has arrived before publish returns', async () => {
  const bus = memoryBus();
  const heard: unknown[] = [];
  await bus.subscribe('a', (message) => heard.push(message));
  void bus.publish('a', 1);
  expect(heard).toEqual([1]);
});
