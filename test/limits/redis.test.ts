import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Limits, Place, Places } from '../../src/limits/limits.ts';
import { redisLimits } from '../../src/limits/redis.ts';
import { connectRedis, parseRedisUrl } from '../../src/redis-client.ts';
import { limitsContract } from '../contract/limits.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';

const placeLifeMs = 600;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const errors: Error[] = [];
const opened: { redis: Redis; limits: Limits }[] = [];
afterEach(() => {
  for (const { redis, limits } of opened.splice(0)) {
    limits.close();
    redis.disconnect();
  }
  errors.length = 0;
});

/** A node's, on a connection as the product makes them, that is there. */
async function openNode() {
  const address = parseRedisUrl(server.url);
  if (!address) throw new Error(`${server.url} is no address.`);
  const redis = connectRedis(address, 'commands').on('error', () => {}) as Redis;
  const onError = (error: unknown) => errors.push(error as Error);
  const node = { redis, limits: redisLimits({ redis, onError, placeLifeMs }) };
  opened.push(node);
  await vi.waitFor(() => expect(redis.status).toBe('ready'), 5_000);
  return node;
}

limitsContract('redisLimits', async () => {
  const nodes = [await openNode(), await openNode(), await openNode()];
  await nodes[0]?.redis.flushall();
  return {
    nodes: nodes.map(({ limits }) => limits),
    close: async () => expect(errors).toEqual([]),
  };
});

/** Takes places until there is none, and gives how many there were. */
async function takeAll(places: Places, key: string): Promise<number> {
  for (let taken = 0; ; taken++) if ((await places.take(key)) === undefined) return taken;
}

describe('a node that dies', () => {
  test('loses its places, and whoever lives keeps theirs', async () => {
    const [a, b, c] = [await openNode(), await openNode(), await openNode()];
    const [inA, inB, inC] = [a, b, c].map(({ limits }) => limits.places('death', 30)) as [Places, Places, Places];
    // More keys than are renewed in one step.
    const keys = Array.from({ length: 25 }, (_, n) => `key-${n}`);
    for (const key of keys) await Promise.all([inA.take(key), inA.take(key), inB.take(key)]);
    a.limits.close();
    a.redis.disconnect();
    await vi.waitFor(async () => {
      for (const key of keys) expect(await c.redis.zcount(`millrace:places:death:${key}`, '-inf', '+inf')).toBe(3);
    });
    for (const key of keys) {
      let got = 0;
      await vi.waitFor(
        async () => {
          got += await takeAll(inC, key);
          expect(got).toBe(29);
        },
        { timeout: 5_000, interval: 50 },
      );
    }
    expect(errors).toEqual([]);
  });

  test('leaves nothing behind in Redis', async () => {
    const [a, b] = [await openNode(), await openNode()];
    await a.limits.places('left', 9).take('x');
    await a.limits.rate('left', { limit: 9, windowSeconds: 1 }).count('x');
    a.limits.close();
    a.redis.disconnect();
    await vi.waitFor(async () => expect(await b.redis.keys('*left*')).toEqual([]), { timeout: 5_000, interval: 50 });
  });
});

describe('Redis', () => {
  test('that was emptied hears of all places again', async () => {
    const [a, b] = [await openNode(), await openNode()];
    const [inA, inB] = [a, b].map(({ limits }) => limits.places('emptied', 3)) as [Places, Places];
    await Promise.all([inA.take('x'), inA.take('x'), inB.take('x')]);
    await a.redis.flushall();
    await vi.waitFor(async () => expect(await a.redis.zcard('millrace:places:emptied:x')).toBe(3), 5_000);
    expect(await inB.take('x')).toBeUndefined();
  });

  test('that is away fails nothing: each node counts for itself, says so once, and tells the others when it is back', async () => {
    const [a, b] = [await openNode(), await openNode()];
    const [rateA, rateB] = [a, b].map(({ limits }) => limits.rate('away', { limit: 5, windowSeconds: 60 }));
    const [inA, inB] = [a, b].map(({ limits }) => limits.places('away', 3)) as [Places, Places];
    await server.kill();
    const counted = await Promise.all(Array.from({ length: 8 }, () => rateA?.count('x')));
    expect(counted.filter((standing) => !standing?.exceeded)).toHaveLength(5);
    expect(await rateA?.read('x')).toMatchObject({ used: 5, remaining: 0 });
    const places: (Place | undefined)[] = [];
    for (let n = 0; n < 4; n++) places.push(await inA.take('x'));
    expect(places.map((place) => place !== undefined)).toEqual([true, true, true, false]);
    places[0]?.release();
    expect(errors.map(({ message }) => message)).toEqual([expect.stringMatching(/each node for itself/)]);
    expect(errors[0]?.cause).toBeInstanceOf(Error);
    await server.start();
    await vi.waitFor(() => expect([a.redis.status, b.redis.status]).toEqual(['ready', 'ready']), 10_000);
    await vi.waitFor(async () => expect(await b.redis.zcard('millrace:places:away:x')).toBe(2), 5_000);
    expect(await takeAll(inB, 'x')).toBe(1);
    for (let n = 0; n < 5; n++) expect((await rateB?.count('y'))?.used).toBe(n + 1);
    expect((await rateA?.count('y'))?.exceeded).toBe(true);
  });
});

test('who goes on beyond the limit costs Redis nothing for the rest of the window', async () => {
  const { redis, limits } = await openNode();
  const rate = limits.rate('flood', { limit: 5, windowSeconds: 60 });
  for (let n = 0; n < 6; n++) await rate.count('x');
  const calls = async () => Number(/cmdstat_incrby:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]);
  const before = await calls();
  const all = await Promise.all(Array.from({ length: 500 }, () => rate.count('x')));
  expect(all.every(({ exceeded }) => exceeded)).toBe(true);
  expect(await calls()).toBe(before);
});
