import { expect, onTestFinished, test, vi } from 'vitest';
import { memoryBus } from '../../src/bus/memory.ts';
import { tellModel } from '../../src/generation/changes.ts';
import { type HealthReport, healthTopic } from '../../src/generation/health.ts';
import { createModels } from '../../src/generation/models.ts';

const backends = [{ name: 'deep', kind: 'ngram', concurrency: 3 }];
const models = ['whale', 'squid'].map((id) => ({ id, name: id.toUpperCase(), backends }));

const report = (node: string, status: 'ONLINE' | 'OFFLINE' | null, running = 0): HealthReport => {
  const backend = { name: 'deep', kind: 'ngram', concurrency: 3, running, lastError: null };
  const state = status && { status, onlineSince: status === 'ONLINE' ? 1 : null, backends: [{ ...backend, status }] };
  return { node, modelId: 'squid', state };
};
const onError = (error: unknown) => expect.unreachable(String(error));

test('gives the models in the order of the configuration, offline until somebody says otherwise', async () => {
  const { all, byId, close } = createModels({ models, bus: memoryBus(), onError });
  expect(all().map(({ id }) => id)).toEqual(['whale', 'squid']);
  const down = { status: 'OFFLINE', running: 0, lastError: null };
  expect(byId('squid')).toEqual({
    ...{ id: 'squid', name: 'SQUID', concurrency: 3, status: 'OFFLINE', onlineSince: null },
    backends: [{ ...backends[0], ...down }],
  });
  expect(byId('ship')).toBeUndefined();
  close();
});

test('a model is what all processes say of it together, as long as they say so', async () => {
  const bus = memoryBus();
  let now = 0;
  const { byId, close } = createModels({ models, bus, onError, now: () => now });
  await bus.publish(healthTopic, report('a', 'ONLINE', 2));
  now = 2_000;
  await bus.publish(healthTopic, report('b', 'OFFLINE', 1));
  expect(byId('squid')).toMatchObject({ status: 'ONLINE', backends: [{ running: 3 }] });
  now = 3_500;
  expect(byId('squid')).toMatchObject({ status: 'OFFLINE', backends: [{ running: 1 }] });
  await bus.publish(healthTopic, report('b', null));
  expect(byId('squid')).toMatchObject({ status: 'OFFLINE', backends: [{ running: 0 }] });
  close();
});

test('says when any process last had a model, also one that is not configured here', async () => {
  const bus = memoryBus();
  let now = 1_000;
  const { heardAt, close } = createModels({ models, bus, onError, now: () => now });
  now = 2_000;
  expect([heardAt('ship'), heardAt('squid')]).toEqual([1_000, 1_000]);
  await bus.publish(healthTopic, { ...report('a', 'OFFLINE'), modelId: 'ship' });
  now = 9_000;
  expect([heardAt('ship'), heardAt('squid')]).toEqual([2_000, 1_000]);
  close();
});

test('forgets what processes have said that are there no more', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const bus = memoryBus();
  const { byId, close } = createModels({ models, bus, onError });
  await bus.publish(healthTopic, report('a', 'ONLINE', 2));
  await vi.advanceTimersByTimeAsync(10_000);
  // Nobody asks for it any more, even where the clock would let it be believed.
  vi.setSystemTime(Date.now() - 10_000);
  expect(byId('squid')).toMatchObject({ status: 'OFFLINE', backends: [{ running: 0 }] });
  close();
});

test('a follower has each model now, then those that change; of one, that one alone', async () => {
  const bus = memoryBus();
  const { follow, close } = createModels({ models, bus, onError });
  const [all, one] = [follow(), follow('squid')];
  expect([(await all.next())?.id, (await all.next())?.id, (await one.next())?.id]).toEqual(['whale', 'squid', 'squid']);
  const [nextOfAll, nextOfOne] = [all.next(), one.next()];
  await tellModel(bus, 'whale');
  expect((await nextOfAll)?.id).toBe('whale');
  await tellModel(bus, 'squid');
  expect((await nextOfOne)?.id).toBe('squid');
  all.close();
  one.close();
  expect([await all.next(), await one.next()]).toEqual([undefined, undefined]);
  close();
});
