import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { bullmqQueue } from '../../src/queue/bullmq.ts';
import { connectRedis, parseRedisUrl, type RedisUse } from '../../src/redis-client.ts';
import { queueContract } from '../contract/queue.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { ScriptedWorker } from './scripted-worker.ts';

const workerFile = fileURLToPath(new URL('./bullmq-worker.ts', import.meta.url));

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** A queue as one process has it. */
async function openQueue() {
  const address = parseRedisUrl(server.url);
  if (!address) throw new Error(`${server.url} is no address.`);
  const connect = (use: RedisUse) => connectRedis(address, use).on('error', () => {}) as Redis;
  const redis = connect('commands');
  await once(redis, 'ready');
  const [errors, lost]: [unknown[], string[]] = [[], []];
  const queue = bullmqQueue({
    redis,
    connect: () => connect('jobs'),
    onError: (error) => errors.push(error),
    onLost: (id) => lost.push(id),
  });
  const close = async () => {
    await queue.close();
    redis.disconnect();
  };
  return { queue, redis, close, errors, lost };
}

queueContract('bullmqQueue', async () => {
  const opened = await openQueue();
  await opened.redis.flushall();
  return opened;
});

test('a Redis that refuses to give jobs is not asked without a pause', async () => {
  const { queue, redis, close, errors } = await openQueue();
  const stop = await queue.work(async () => {}, new Map([['whale', 1]]));
  await redis.acl('SETUSER', 'default', '-evalsha', '-eval');
  await queue.add({ id: 'a', modelId: 'whale' }).catch(() => {});
  // What wakes a worker that waits.
  await redis.zadd(`{millrace:queue}:${Buffer.from('whale').toString('base64url')}:marker`, 0, '0');
  await expect.poll(() => errors.length).toBeGreaterThan(0);
  for (let n = 0; n < 500; n++) await redis.ping();
  expect(errors.length).toBeLessThan(20);
  await redis.acl('SETUSER', 'default', '+evalsha', '+eval');
  await stop();
  await close();
});

describe('over several processes', () => {
  type Node = Awaited<ReturnType<typeof openQueue>> & { worker: ScriptedWorker };
  let nodes: Node[];
  beforeEach(async () => {
    nodes = [];
    for (let n = 0; n < 3; n++) {
      const opened = await openQueue();
      nodes.push({ ...opened, worker: new ScriptedWorker(() => opened.queue) });
    }
    await nodes[0]?.redis.flushall();
  });
  afterEach(async () => {
    for (const { close } of nodes) await close();
  });
  const node = (n: number): Node => {
    const found = nodes[n];
    if (!found) throw new RangeError(`There is no node ${n}.`);
    return found;
  };
  const add = async (...ids: string[]) => {
    for (const id of ids) await node(0).queue.add({ id, modelId: 'whale' });
  };

  test('a model has its capacity once, however many workers there are, and all of it is used', async () => {
    const workers = [node(1).worker, node(2).worker];
    const atWork = () => workers.flatMap((worker) => worker.atWork());
    let most = 0;
    const count = () => {
      most = Math.max(most, atWork().length);
      return false;
    };
    for (const worker of workers) {
      void worker.until(count);
      await worker.start(3);
    }
    const ids = Array.from({ length: 12 }, (_, index) => `job-${index}`);
    await add(...ids);
    const done = new Set<string>();
    while (done.size < ids.length) {
      await vi.waitFor(() => expect(atWork().length).toBe(Math.min(3, ids.length - done.size)), 10_000);
      const [id = ''] = atWork();
      done.add(id);
      for (const worker of workers) if (worker.atWork().includes(id)) await worker.finish(id);
    }
    expect(workers.flatMap(({ started }) => started).sort()).toEqual([...ids].sort());
    expect(most).toBe(3);
    for (const worker of workers) await worker.stop();
  });

  test('one that stops hands its jobs to another, in front of those in line', async () => {
    const [{ worker: leaving }, { worker: staying }] = [node(1), node(2)];
    await leaving.start(1);
    await add('a', 'b', 'c');
    await leaving.running('a');
    await staying.start(1);
    const stopping = leaving.stop();
    expect(leaving.aborted('a')).toBe(true);
    await leaving.finish('a');
    await stopping;
    for (const id of ['a', 'b', 'c']) await staying.finish(id);
    expect(staying.started).toEqual(['a', 'b', 'c']);
    expect(leaving.started).toEqual(['a']);
    await staying.stop();
  });

  test('one process at a time looks after a line, each line by itself', async () => {
    const claims = await Promise.all([0, 1, 2].map((n) => node(n).queue.claim('whale', 60_000)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await node(0).queue.claim('squid', 1)).toBe(true);
    await expect.poll(() => node(1).queue.claim('squid', 60_000)).toBe(true);
  });

  test('the jobs of a worker that was killed are taken over within three seconds', async () => {
    await add('a', 'b');
    const child = spawn(process.execPath, [workerFile, server.url], { stdio: ['ignore', 'pipe', 'inherit'] });
    const begun: string[] = [];
    for await (const line of createInterface(child.stdout)) if (begun.push(line) === 2) break;
    const { worker } = node(1);
    await worker.start(2);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    const from = Date.now();
    await worker.running('a', 'b');
    console.log(`jobs of a killed worker: taken over after ${Date.now() - from} ms`);
    await exit;
    await worker.finish('a');
    await worker.finish('b');
    await worker.stop();
    expect(worker.started.sort()).toEqual(['a', 'b']);
  });

  test('a worker that was thought dead is told once of each job that it lost, whatever becomes of it', async () => {
    const { worker: first, redis, errors, lost } = node(1);
    await first.start(2);
    await add('a', 'b.c');
    await first.running('a', 'b.c');
    const locks = await redis.keys('{millrace:queue}:*:lock');
    expect(locks).toHaveLength(2);
    await redis.del(...locks);
    const { worker: second } = node(2);
    await second.start(2);
    await second.running('a', 'b.c');
    await vi.waitFor(() => expect(lost.sort()).toEqual(['a', 'b.c']), 5_000);
    await first.finish('a');
    await second.finish('b.c');
    await first.finish('b.c');
    await second.finish('a');
    await first.stop();
    await second.stop();
    expect(lost).toEqual(['a', 'b.c']);
    expect([...errors, ...node(2).errors]).toEqual([]);
  });

  /** What loses a job that is at work. */
  const losses: [string, (redis: Redis) => Promise<void>][] = [
    ['its lock', async (redis) => void (await redis.del(...(await redis.keys('{millrace:queue}:*:lock'))))],
    [
      'the whole queue',
      async (redis) => {
        await redis.flushall();
        await add('a');
      },
    ],
  ];

  /** Resolves once a job is at work under another lock than `before`. */
  const lockedAnew = (redis: Redis, before: string | null) =>
    vi.waitFor(async () => {
      const [key = ''] = await redis.keys('{millrace:queue}:*:a:lock');
      const lock = key && (await redis.get(key));
      expect([lock !== '', lock !== before]).toEqual([true, true]);
      return lock;
    }, 10_000);

  test.each(losses)(
    'a worker that loses %s and is given the job again goes on with what it has at work',
    async (_what, lose) => {
      const { worker, redis, lost, errors } = node(1);
      await worker.start(3);
      await add('a');
      await worker.running('a');
      const first = await lockedAnew(redis, null);
      await lose(redis);
      const second = await lockedAnew(redis, first);
      await lose(redis);
      await lockedAnew(redis, second);
      await worker.finish('a');
      // It is done: the line takes it again, and only then it is given.
      await vi.waitFor(async () => expect(await redis.keys('{millrace:queue}:*:a')).toEqual([]), 10_000);
      expect([worker.started, worker.atWork()]).toEqual([['a'], []]);
      await vi.waitFor(() => expect(lost).toEqual(['a']), 5_000);
      await add('a');
      await worker.finish('a');
      await worker.stop();
      expect([worker.started, errors]).toEqual([['a', 'a'], []]);
    },
  );

  test('a worker that stops with a job that it was given twice hands it to another', async () => {
    const [{ worker: leaving, redis }, { worker: staying }] = [node(1), node(2)];
    await leaving.start(2);
    await add('a');
    await leaving.running('a');
    const first = await lockedAnew(redis, null);
    await redis.del(...(await redis.keys('{millrace:queue}:*:lock')));
    await lockedAnew(redis, first);
    const stopping = leaving.stop();
    await leaving.finish('a');
    await stopping;
    await staying.start(1);
    await staying.finish('a');
    await staying.stop();
    expect([leaving.started, staying.started]).toEqual([['a'], ['a']]);
  });

  test('lasts through a Redis that is killed and comes back, and fails at once meanwhile', async () => {
    const { worker } = node(1);
    await worker.start(1);
    await add('a');
    await worker.running('a');
    await server.kill();
    await expect(add('b')).rejects.toThrow();
    await server.start();
    await vi.waitFor(() => add('b'), 10_000);
    await worker.finish('a');
    await worker.finish('b');
    await worker.stop();
  });

  test('stops while Redis is away', async () => {
    const { worker } = node(1);
    await worker.start(1);
    await add('a');
    await worker.running('a');
    await server.kill();
    const stopping = worker.stop();
    await worker.finish('a');
    await stopping;
    await server.start();
    await node(2).worker.start(1);
    await node(2).worker.finish('a');
    await node(2).worker.stop();
  });

  test('starts while Redis is away', async () => {
    await server.kill();
    const { worker } = node(1);
    await worker.start(1);
    await server.start();
    await vi.waitFor(() => add('a'), 10_000);
    await worker.finish('a');
    await worker.stop();
  });
});
