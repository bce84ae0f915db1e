import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { seeded } from '../random.ts';
import { type Cluster, readiness, startCluster } from './cluster.ts';
import type { Crowd } from './crowd.ts';
import { Reader } from './reader.ts';
import type { TestServer } from './server.ts';
import { Trials, yaml } from './trial.ts';

const seed = Number(process.env.SEED ?? 20_262);
const random = seeded(seed);
const leastDrops = 10_000;

// A loaded machine is slow, not wrong.
vi.setConfig({ testTimeout: 120_000 });

let cluster: Cluster;
let trials: Trials;
beforeAll(async () => {
  console.log(`seed ${seed}`);
  cluster = await startCluster({ yaml });
  await cluster.ready();
  trials = new Trials(cluster, random);
  await trials.prepare();
});
afterAll(() => cluster?.stop());
beforeEach(() => cluster.ready());

/** Somewhere in the middle. */
const middle = () => 0.2 + 0.3 * random();
const nodeOf = (nodes: readonly TestServer[]): TestServer => {
  const [node] = nodes;
  if (!node) throw new RangeError('There is no node.');
  return node;
};

/** Prints how long the subscribers of what was taken over waited for its next token. */
function printWaits({ accounts }: Crowd, at: number): void {
  const waits = accounts.flatMap(({ goneOnAt }) => (goneOnAt === undefined ? [] : goneOnAt - at)).sort((a, b) => a - b);
  console.log(
    `next token after ${waits[waits.length >> 1]} ms (median), ${waits.at(-1)} ms (worst) of ${waits.length}`,
  );
  expect(waits.length).toBeGreaterThan(0);
}

describe('nodes', () => {
  test('a worker is killed: what it ran goes on at the other one', async () => {
    const worker = nodeOf(cluster.workers);
    let at = 0;
    const crowd = await trials.run({ name: 'a worker killed', share: middle() }, async () => {
      at = Date.now();
      await worker.kill();
    });
    printWaits(crowd, at);
    await worker.restart();
  });

  test('a worker is killed that had the only place of a backend: the other one is given it', async () => {
    const [idle, busy] = [nodeOf(cluster.workers), nodeOf(cluster.workers.slice(1))];
    await idle.kill();
    const reader = new Reader(nodeOf(cluster.apis).url, await trials.generate('alone', 1));
    await reader.untilText(100);
    await idle.restart();
    await cluster.ready();
    const at = Date.now();
    await busy.kill();
    const { keptLength } = await reader.until('AttemptStarted', ({ attempt }) => attempt === 2);
    await reader.untilText(keptLength + 1);
    console.log(`next token after ${Date.now() - at} ms`);
    await busy.restart();
    await reader.end();
    expect(reader.all('AttemptStarted').map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  test('an API node is killed: its clients go on at the other one', async () => {
    const api = nodeOf(cluster.apis);
    const crowd = await trials.run({ name: 'an API node killed', share: middle() }, async () => {
      await api.kill();
    });
    expect(crowd.cuts).toBeGreaterThan(0);
    await api.restart();
  });

  test('a worker is stopped until it counts as dead, and goes on: what it writes late is refused', async () => {
    const { pid } = nodeOf(cluster.workers);
    const crowd = await trials.run({ name: 'a worker stopped', share: middle() }, async (subscribers) => {
      process.kill(pid, 'SIGSTOP');
      await subscribers.until(({ accounts }) => accounts.some(({ begun }) => begun.includes(2)));
      const { length } = subscribers;
      await subscribers.until((later) => later.length > length * 1.1);
      process.kill(pid, 'SIGCONT');
    });
    // Nobody hears of an older attempt after a later one.
    const numbers = crowd.accounts.map(({ begun }) => begun);
    expect(numbers).toEqual(numbers.map((each) => each.toSorted((a, b) => a - b)));
  });

  test('every node is restarted, one after the other', async () => {
    const stops: number[] = [];
    await trials.run({ name: 'rolling restart', share: 0.05, model: 'slow' }, async (crowd) => {
      for (const node of [...cluster.workers, ...cluster.apis]) {
        expect(crowd.accounts.every(({ ends }) => ends === 0)).toBe(true);
        const at = Date.now();
        expect(await node.kill('SIGTERM')).toBe(0);
        stops.push(Date.now() - at);
        await node.restart();
        await cluster.ready();
      }
    });
    console.log(`stopped after ${stops.join(', ')} ms`);
  });
});

describe('Redis', () => {
  let redis: Redis;
  beforeAll(() => {
    redis = new Redis(cluster.redis.url);
    // It is killed below; the client comes back by itself.
    redis.on('error', () => {});
  });
  afterAll(() => redis.disconnect());

  test('it is killed and comes back with what it had on disk; what is asked for meanwhile is done later', async () => {
    let asked = '';
    await trials.run({ name: 'Redis killed', share: middle() }, async () => {
      await cluster.redis.kill();
      await expect
        .poll(() => readiness(nodeOf(cluster.apis)))
        .toMatchObject({ status: 503, checks: { store: 'ok', bus: expect.not.stringMatching(/^ok$/) } });
      asked = await trials.generate('moby', 1);
      await cluster.redis.start();
    });
    await expect.poll(() => trials.find(asked)).toMatchObject({ status: 'COMPLETED' });
  });

  test('its connections are cut ten times', async () => {
    await trials.run({ name: 'Redis cut', share: 0.1 }, async (crowd) => {
      for (let cut = 0; cut < 10; cut++) {
        for (const type of ['normal', 'pubsub']) await redis.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes');
        const { length } = crowd;
        await crowd.until((later) => later.length > length + 2_000);
      }
    });
  });

  test('it is emptied: subscribers are rewound, and end with the right text', async () => {
    await trials.run({ name: 'Redis emptied', share: middle(), loses: true }, async () => {
      await redis.flushall();
    });
  });
});

describe('Postgres', () => {
  test('it is killed and comes back', async () => {
    await trials.run({ name: 'Postgres restarted', share: middle() }, async (_crowd, _part, [id = '']) => {
      await cluster.postgres.kill();
      await expect
        .poll(() => readiness(nodeOf(cluster.apis)))
        .toMatchObject({ status: 503, checks: { bus: 'ok', store: expect.stringContaining('Postgres') } });
      await expect(trials.find(id)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await cluster.postgres.start();
    });
  });

  test('it is away until all has ended: streams go on to their end, and are stored when it is back', async () => {
    const crowd = await trials.run({ name: 'Postgres away', share: 0.5, faithful: true }, async ({ done }) => {
      await cluster.postgres.kill();
      await done;
      await cluster.postgres.start();
    });
    expect(crowd.cuts).toBe(0);
  });
});

test('ten thousand subscribers have left and come back, and every node is well', async () => {
  await cluster.ready();
  console.log(`${trials.drops} drops`);
  expect(trials.drops).toBeGreaterThanOrEqual(leastDrops);
});
