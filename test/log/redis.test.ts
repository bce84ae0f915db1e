import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect } from 'vitest';
import { redisBus } from '../../src/bus/redis.ts';
import { RedisLog } from '../../src/log/redis.ts';
import { logContract } from '../contract/log.ts';
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
