import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
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
    return {
      redis,
      slots: new RedisSlots({ redis, backends: ['m/a', 'm/b'], onError: (error) => errors.push(error) }),
    };
  });
  await nodes[0]?.redis.flushall();
  // As after the first seconds of a Redis' life.
  for (const backend of ['m/a', 'm/b']) await nodes[0]?.redis.hset(`millrace:slots:{${backend}}:known`, 'trusted', 0);
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

test('one that died loses its places where it alone had all of them, to those who have had none', async () => {
  await node(0).slots.take('m/a', 1);
  node(0).slots.close();
  node(0).redis.disconnect();
  await sleep(pastLifeMs);
  expect(await node(1).slots.take('m/a', 1)).toBeDefined();
});

test('a Redis that was emptied gives no place before those who have one have told it', async () => {
  await node(0).slots.take('m/a', 2);
  await node(1).redis.flushall();
  expect(await node(1).slots.take('m/a', 2)).toBeUndefined();
  await vi.waitFor(async () => expect(await node(1).slots.take('m/a', 2)).toBeDefined(), 5_000);
  expect(await node(2).slots.take('m/a', 2)).toBeUndefined();
});

test('a place that is given back while it is renewed stays given back', async () => {
  for (let round = 0; round < 200; round++) {
    const place = await node(0).slots.take('m/a', 1);
    expect(place).toBeDefined();
    place?.release();
  }
  await sleep(1_200);
  expect(await node(1).redis.zcard('millrace:slots:{m/a}')).toBe(0);
});

describe('pools of several processes', () => {
  const [limit, useMs] = [3, 400];
  let running: number;
  let most: number;
  let pools: Pool[];
  beforeEach(() => {
    [running, most] = [0, 0];
    pools = nodes.map(({ slots }) => {
      const backend = { name: 'a', kind: 'test', continues: false, async *generate() {}, async probe() {} } as never;
      return new Pool({ modelId: 'm', backends: [{ backend, concurrency: limit }], slots });
    });
  });
  afterEach(() => Promise.all(pools.map((pool) => pool.close())));

  async function use(n: number, ms: number): Promise<void> {
    const { signal } = new AbortController();
    const lease = await (pools[n % pools.length] as Pool).acquire({ signal });
    most = Math.max(most, ++running);
    await sleep(ms);
    running--;
    lease.end();
  }

  test('give a backend as many requests as it takes, and all of them get their turn', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, n) => use(n, 20)));
    expect(most).toBe(limit);
  });

  test('give it no more while Redis is emptied', async () => {
    const all = Array.from({ length: 6 }, (_, n) => use(n, useMs));
    await vi.waitFor(() => expect(running).toBe(limit));
    await node(0).redis.flushall();
    await Promise.all(all);
    expect(most).toBe(limit);
  });

  test('give it no more while Redis is silent for longer than places live, and when it is back', async () => {
    const all = Array.from({ length: 6 }, (_, n) => use(n, n < limit ? pastLifeMs + 700 : useMs));
    await vi.waitFor(() => expect(running).toBe(limit));
    server.signal('SIGSTOP');
    await sleep(pastLifeMs);
    server.signal('SIGCONT');
    await Promise.all(all);
    expect(most).toBe(limit);
  });
});
