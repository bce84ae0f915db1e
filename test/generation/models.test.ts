import { expect, test } from 'vitest';
import { memoryBus } from '../../src/bus/memory.ts';
import { tellModel } from '../../src/generation/changes.ts';
import { createModels } from '../../src/generation/models.ts';

const pool = { capacity: 3, state: () => ({ status: 'ONLINE' as const, onlineSince: 1, backends: [] }) };
const models = ['whale', 'squid'].map((id) => ({ id, name: id.toUpperCase(), pool }));

test('gives the models as they are, in the order of the configuration', () => {
  const { all, byId } = createModels({ models, bus: memoryBus() });
  expect(all().map(({ id }) => id)).toEqual(['whale', 'squid']);
  expect(byId('squid')).toEqual({ ...pool.state(), id: 'squid', name: 'SQUID', concurrency: 3 });
  expect(byId('ship')).toBeUndefined();
});

test('a follower has each model now, then those that change; of one, that one alone', async () => {
  const bus = memoryBus();
  const { follow } = createModels({ models, bus });
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
});
