import { expect, test } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { cancel } from '../../src/generation/cancel.ts';
import { tellGeneration } from '../../src/generation/changes.ts';
import { followMine } from '../../src/generation/mine.ts';
import { readCurrent } from '../../src/generation/read.ts';
import { appendTo, ended, queued, started } from '../contract/log.ts';
import { ann, bob } from '../contract/store/fixtures.ts';
import { type Parts, queuedGeneration, useParts } from './parts.ts';

const opened = useParts();

const follow = ({ store, bus, log }: Parts) => {
  const byIds = async (ids: readonly string[]) => readCurrent(log, await store.generations.byIds(ids));
  const { next, close } = followMine({ bus, store, byIds }, ann);
  return { next: async () => (await next())?.generation, close };
};

const brief = (generation: Generation | undefined) => [generation?.id, generation?.status];

async function start(parts: Parts, generation: Generation): Promise<void> {
  await appendTo(parts.log, generation.id, [started(1)]);
  await parts.store.generations.start(generation.id, 1, 5);
  await tellGeneration(parts.bus, generation);
}

test('gives what is open now, then each change, of this viewer alone', async () => {
  const { parts } = opened;
  const first = await queuedGeneration(parts);
  await queuedGeneration(parts, { viewerId: bob.id });
  const mine = follow(parts);
  expect(brief(await mine.next())).toEqual([first.id, 'QUEUED']);
  const next = mine.next();
  const other = await queuedGeneration(parts, { viewerId: bob.id });
  await tellGeneration(parts.bus, other);
  const second = await queuedGeneration(parts);
  await tellGeneration(parts.bus, second);
  expect(brief(await next)).toEqual([second.id, 'QUEUED']);
  await start(parts, second);
  expect(brief(await mine.next())).toEqual([second.id, 'RUNNING']);
  mine.close();
});

test('one in line is given again when its place changes, whoever made it, and not when nothing changed', async () => {
  const { parts } = opened;
  const [ahead, before] = [
    await queuedGeneration(parts, { viewerId: bob.id }),
    await queuedGeneration(parts, { viewerId: bob.id }),
  ];
  const own = await queuedGeneration(parts);
  const place = async () => (await parts.store.generations.queuePositions([own.id])).get(own.id);
  const mine = follow(parts);
  await mine.next();
  expect(await place()).toBe(3);
  let next = mine.next();
  await start(parts, ahead);
  expect([brief(await next), await place()]).toEqual([[own.id, 'QUEUED'], 2]);
  next = mine.next();
  // Figures of the model change without the place: told, and not given.
  await parts.bus.publish('models', { modelId: 'whale' });
  await cancel({ ...parts, logRetentionMs: 60_000 }, before);
  expect([brief(await next), await place()]).toEqual([[own.id, 'QUEUED'], 1]);
  next = mine.next();
  await start(parts, own);
  expect(brief(await next)).toEqual([own.id, 'RUNNING']);
  next = mine.next();
  await cancel({ ...parts, logRetentionMs: 60_000 }, own);
  expect(brief(await next)).toEqual([own.id, 'CANCELLED']);
  mine.close();
  expect(await mine.next()).toBeUndefined();
});

test('the end of one is given once, also where an earlier change is told after it', async () => {
  const { parts } = opened;
  const own = await queuedGeneration(parts);
  const mine = follow(parts);
  await mine.next();
  await cancel({ ...parts, logRetentionMs: 60_000 }, own);
  expect(brief(await mine.next())).toEqual([own.id, 'CANCELLED']);
  await tellGeneration(parts.bus, own);
  const other = await queuedGeneration(parts);
  await tellGeneration(parts.bus, other);
  expect(brief(await mine.next())).toEqual([other.id, 'QUEUED']);
  await start(parts, other);
  expect(brief(await mine.next())).toEqual([other.id, 'RUNNING']);
  // Nothing is in line any more, and of two that have changed the one that was given first is looked at first.
  await cancel({ ...parts, logRetentionMs: 60_000 }, other);
  expect(brief(await mine.next())).toEqual([other.id, 'CANCELLED']);
  mine.close();
});

test('one whose log was lost before its row was settled is given as it begins anew', async () => {
  const { parts } = opened;
  const own = await queuedGeneration(parts);
  await start(parts, own);
  const mine = follow(parts);
  await mine.next();
  await appendTo(parts.log, own.id, [ended]);
  await tellGeneration(parts.bus, own);
  expect(brief(await mine.next())).toEqual([own.id, 'COMPLETED']);
  await parts.log.retire(own.id, 0);
  await parts.log.append(own.id, null, [queued]);
  await appendTo(parts.log, own.id, [started(1)]);
  await tellGeneration(parts.bus, own);
  expect(brief(await mine.next())).toEqual([own.id, 'RUNNING']);
  await appendTo(parts.log, own.id, [ended]);
  await tellGeneration(parts.bus, own);
  expect(brief(await mine.next())).toEqual([own.id, 'COMPLETED']);
  mine.close();
});

test('where its beginning fails it listens to nothing any more', async () => {
  const { parts } = opened;
  let listeners = 0;
  const bus: Bus = {
    ...parts.bus,
    async subscribe(topic, listener) {
      const end = await parts.bus.subscribe(topic, listener);
      listeners++;
      return () => {
        listeners--;
        end();
      };
    },
  };
  const unsettled = () => Promise.reject(new Error('no store'));
  const store = { ...parts.store, generations: { ...parts.store.generations, unsettled } };
  const mine = follow({ ...parts, bus, store });
  await expect(mine.next()).rejects.toThrow('no store');
  mine.close();
  expect(listeners).toBe(0);
});
