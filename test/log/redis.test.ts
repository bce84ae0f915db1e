import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { redisBus } from '../../src/bus/redis.ts';
import { RedisLog } from '../../src/log/redis.ts';
import { logContract, queued } from '../contract/log.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

logContract('RedisLog', async () => {
  const redis = new Redis(server.url);
  await redis.flushall();
  const onError = (error: unknown) => expect.unreachable(String(error));
  const bus = redisBus({ publisher: redis, subscriber: new Redis(server.url), onError });
  return {
    log: new RedisLog({ redis }),
    bus,
    async close() {
      await bus.close();
      redis.disconnect();
    },
  };
});

test('a Redis that is away makes the logs UNAVAILABLE, and nothing wait', async () => {
  const redis = new Redis(server.url, { enableOfflineQueue: false, lazyConnect: true }).on('error', () => {});
  const log = new RedisLog({ redis });
  const asked = [log.append('gen_1', null, [queued]), log.heads(['gen_1']), log.read(new Map([['gen_1', 0]]))];
  for (const each of asked) await expect(each).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  redis.disconnect();
});
