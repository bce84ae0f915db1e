import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Pool } from '../../src/backends/pool.ts';
import { RedisSlots } from '../../src/backends/redis-slots.ts';
import type { Slot } from '../../src/backends/slots.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';

/** So long a place is held by one who does not renew it, in ms; and a little more. */
const pastLifeMs = 2_300;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

let nodes: { redis: Redis; slots: RedisSlots }[];
const errors: unknown[] = [];
beforeEach(async () => {
  nodes = Array.from({ length: 4 }, () => {
    const redis = new Redis(server.url, { maxRetriesPerRequest: 0 }).on('error', () => {});
    return { redis, slots: new RedisSlots({ redis, onError: (error) => errors.push(error) }) };
  });
  await nodes[0]?.redis.flushall();
});
afterEach(() => {
  for (const { redis, slots } of nodes) {
    slots.close();
    redis.disconnect();
  }
  expect(errors.splice(0)).toEqual([]);
});
const node = (n: number) => {
  const found = nodes[n];
  if (!found) throw new RangeError(`There is no node ${n}.`);
  return found;
};
const taken = (slots: readonly (Slot | undefined)[]) => slots.filter((slot) => slot !== undefined);

test('however many ask at once, there are as many places as the limit says, and each backend has its own', async () => {
  const tries = nodes.flatMap(({ slots }) => Array.from({ length: 25 }, () => slots.take('m/a', 8)));
  expect(taken(await Promise.all(tries))).toHaveLength(8);
  expect(taken(await Promise.all(nodes.map(({ slots }) => slots.take('m/b', 2))))).toHaveLength(2);
});

test('a place that is given back is taken by one other', async () => {
  const [place] = [await node(0).slots.take('m/a', 1)];
  expect(await node(1).slots.take('m/a', 1)).toBeUndefined();
  place?.release();
  place?.release();
  await node(0).redis.ping();
  expect(taken(await Promise.all(nodes.map(({ slots }) => slots.take('m/a', 1))))).toHaveLength(1);
});

test('whoever lives keeps its place, and one that died loses it', async () => {
  await node(0).slots.take('m/a', 2);
  await node(1).slots.take('m/a', 2);
  node(1).slots.close();
  node(1).redis.disconnect();
  await sleep(pastLifeMs);
  expect(await node(2).slots.take('m/a', 2)).toBeDefined();
  expect(await node(3).slots.take('m/a', 2)).toBeUndefined();
});

test('places are taken anew in a Redis that was emptied', async () => {
  await node(0).slots.take('m/a', 1);
  await node(1).redis.flushall();
  await vi.waitFor(async () => expect(await node(1).redis.zcard('millrace:slots:{m/a}')).toBe(1), 5_000);
  expect(await node(1).slots.take('m/a', 1)).toBeUndefined();
});

test('a place that is given back while it is renewed stays given back', async () => {
  for (let round = 0; round < 200; round++) {
    const place = await node(0).slots.take(`m/${round}`, 1);
    place?.release();
  }
  await sleep(1_200);
  const keys = await node(1).redis.keys('millrace:slots:*');
  expect(keys).toEqual([]);
});

test('two pools of one backend give it as many requests as it takes, and all of them get their turn', async () => {
  let running = 0;
  let most = 0;
  const pools = [node(0), node(1)].map(({ slots }) => {
    const backend = { name: 'a', kind: 'test', continues: false, async *generate() {}, async probe() {} } as never;
    return new Pool({ modelId: 'm', backends: [{ backend, concurrency: 3 }], slots });
  });
  const { signal } = new AbortController();
  const use = async (n: number) => {
    const pool = pools[n % 2] as Pool;
    const lease = await pool.acquire({ signal });
    most = Math.max(most, ++running);
    await sleep(20);
    running--;
    lease.end();
  };
  await Promise.all(Array.from({ length: 30 }, (_, n) => use(n)));
  expect(most).toBe(3);
  await Promise.all(pools.map((pool) => pool.close()));
});
