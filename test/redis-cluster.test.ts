import { once } from 'node:events';
import type { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { redisBus } from '../src/bus/redis.ts';
import { redisLimits } from '../src/limits/redis.ts';
import { RedisLog } from '../src/log/redis.ts';
import { bullmqQueue } from '../src/queue/bullmq.ts';
import { connectRedis, parseRedisUrl, type RedisUse } from '../src/redis-client.ts';
import { busContract } from './contract/bus.ts';
import { limitsContract } from './contract/limits.ts';
import { logContract } from './contract/log.ts';
import { queueContract } from './contract/queue.ts';
import { type RedisCluster, startRedisCluster } from './redis-cluster.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterAll(() => cluster.stop());

async function connect(use: RedisUse): Promise<Cluster> {
  const address = parseRedisUrl(cluster.url);
  if (!address) throw new Error(`${cluster.url} is no address.`);
  const client = connectRedis(address, use).on('error', () => {}) as Cluster;
  if (client.status !== 'ready') await once(client, 'ready');
  return client;
}

async function openBus() {
  const publisher = await connect('commands');
  // The connection to a node is made with the first command to it, and commands that come meanwhile may pass each other.
  await Promise.all(publisher.nodes('master').map((node) => node.ping()));
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const bus = redisBus({ publisher, subscriber: await connect('messages'), sharded: true, onError });
  const close = async () => {
    await bus.close();
    publisher.disconnect();
  };
  return { bus, publisher, close, errors };
}

async function empty(client: Cluster): Promise<void> {
  await Promise.all(client.nodes('master').map((node) => node.flushall()));
}

busContract('redisBus on a cluster', async () => {
  const { bus, close } = await openBus();
  return { ...bus, close };
});

logContract('RedisLog on a cluster', async () => {
  const { bus, publisher, close } = await openBus();
  await empty(publisher);
  return { log: new RedisLog({ redis: publisher, sharded: true }), bus, close };
});

limitsContract('redisLimits on a cluster', async () => {
  const nodes = [await connect('commands'), await connect('commands')];
  await empty(nodes[0] as Cluster);
  const errors: unknown[] = [];
  const limits = nodes.map((redis) => redisLimits({ redis, onError: (error) => errors.push(error) }));
  const close = async () => {
    for (const each of limits) each.close();
    for (const redis of nodes) redis.disconnect();
    expect(errors).toEqual([]);
  };
  return { nodes: limits, close };
});

queueContract('bullmqQueue on a cluster', async () => {
  const redis = await connect('commands');
  await empty(redis);
  const address = parseRedisUrl(cluster.url);
  if (!address) throw new Error('There is no address.');
  const queue = bullmqQueue({
    redis,
    connect: () => connectRedis(address, 'jobs').on('error', () => {}),
    onError: () => {},
    onLost: () => {},
  });
  const close = async () => {
    await queue.close();
    redis.disconnect();
  };
  return { queue, close };
});

test('a connection that was cut is told to the listeners, who hear again', async () => {
  const { bus, publisher, close } = await openBus();
  const heard: unknown[] = [];
  const topics = Array.from({ length: 6 }, (_, n) => `topic-${n}`);
  for (const topic of topics) await bus.subscribe(topic, (message) => heard.push(message));
  for (const node of publisher.nodes('master')) await node.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await vi.waitFor(() => expect(heard.length).toBeGreaterThanOrEqual(topics.length), 10_000);
  await vi.waitFor(async () => {
    for (const topic of topics) await bus.publish(topic, topic);
    for (const topic of topics) expect(heard).toContain(topic);
  }, 10_000);
  await close();
});
