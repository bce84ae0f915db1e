import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { redisBus } from '../src/bus/redis.ts';
import { RedisLog } from '../src/log/redis.ts';
import { bullmqQueue } from '../src/queue/bullmq.ts';
import { connectRedis, parseRedisUrl, type RedisUse, whenReady } from '../src/redis-client.ts';
import { appendTo, queued, started, text } from './contract/log.ts';
import { type RedisSentinel, startRedisSentinel } from './redis-sentinel.ts';

let redis: RedisSentinel;
beforeAll(async () => {
  redis = await startRedisSentinel();
});
afterAll(() => redis.stop());

function connect(use: RedisUse): Redis {
  const address = parseRedisUrl(redis.url);
  if (!address) throw new Error(`${redis.url} is no address.`);
  return connectRedis(address, use).on('error', () => {}) as Redis;
}

test('log, bus and queue go on at the replica once the Sentinels have made it the primary', async () => {
  const onError = () => {};
  const commands = connect('commands');
  await whenReady(commands, 5_000);
  const log = new RedisLog({ redis: commands });
  const bus = redisBus({ publisher: commands, subscriber: connect('messages'), onError });
  const queue = bullmqQueue({ redis: commands, connect: () => connect('jobs'), onError, onLost: onError });
  const heard: unknown[] = [];
  await bus.subscribe('topic', (message) => heard.push(message));
  const taken: string[] = [];
  const stop = await queue.work(async ({ id }) => void taken.push(id), new Map([['m', 1]]));
  await log.append('gen_1', null, [queued]);
  await queue.add({ id: 'gen_1', modelId: 'm' });
  await vi.waitFor(() => expect(taken).toEqual(['gen_1']));
  expect(await commands.wait(1, 5_000)).toBe(1);

  await Promise.all([redis.killFirst(), redis.primary.kill()]);
  await expect(bus.check()).rejects.toThrow();
  await expect.poll(() => appendTo(log, 'gen_1', [started(1)])).toBeUndefined();
  await appendTo(log, 'gen_1', [text(0, 'Call me')]);
  expect((await log.read(new Map([['gen_1', 0]]))).get('gen_1')?.entries).toEqual([
    queued,
    started(1),
    text(0, 'Call me'),
  ]);
  await vi.waitFor(() => expect(heard).toContain(undefined), 5_000);
  await bus.publish('topic', 1);
  await vi.waitFor(() => expect(heard).toContain(1));
  await bus.check();
  await queue.add({ id: 'gen_2', modelId: 'm' });
  await vi.waitFor(() => expect(taken).toContain('gen_2'), 15_000);

  await stop();
  await queue.close();
  await bus.close();
  commands.disconnect();
});
