import { expect, test } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { nextOf } from '../../src/domain/polled.ts';
import type { Following } from '../../src/generation/generation.ts';
import { whileReadable } from '../../src/generation/while-readable.ts';
import { bob } from '../contract/store/fixtures.ts';
import { queuedGeneration, useParts } from './parts.ts';

const opened = useParts();

test('closing ends a next that waits for a bus that is away, and what is subscribed to late is let go of', async () => {
  const { parts } = opened;
  const back = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const subscribe: Bus['subscribe'] = async () => {
    await back.promise;
    return () => ended.resolve();
  };
  const generation = await queuedGeneration(parts);
  const following: Following = { generation, poll: () => undefined, close() {} };
  const read = whileReadable({ readables: parts.store, bus: { ...parts.bus, subscribe } }, bob, following);
  const next = nextOf(read);
  read.close();
  expect(await next).toBeUndefined();
  back.resolve();
  await ended.promise;
});
