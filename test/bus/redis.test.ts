import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { redisBus } from '../../src/bus/redis.ts';
import { RedisLog } from '../../src/log/redis.ts';
import { Tails } from '../../src/log/tails.ts';
import { connectRedis, parseRedisUrl, type RedisUse } from '../../src/redis-client.ts';
import { busContract } from '../contract/bus.ts';
import { appendTo, headOf, queued, started, text } from '../contract/log.ts';
import { startProxy } from '../proxy.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const errors: unknown[] = [];
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
  errors.length = 0;
});

/** A connection as the product makes them. Errors of the connection itself are told elsewhere. */
function connect(use: RedisUse, url = server.url): Redis {
  const address = parseRedisUrl(url);
  if (!address) throw new Error(`${url} is no address.`);
  return connectRedis(address, use).on('error', () => {}) as Redis;
}

/** A bus of its own connections, and those. */
function openBus({ subscriber = connect('messages') }: { subscriber?: Redis } = {}) {
  const publisher = connect('jobs');
  const bus = redisBus({ publisher, subscriber, onError: (error) => errors.push(error) });
  const close = async () => {
    await bus.close();
    publisher.disconnect();
  };
  opened.push(close);
  return { bus, publisher, subscriber };
}

busContract('redisBus', async () => {
  const { bus } = openBus();
  return bus;
});

/** What a listener hears, with a way to wait for it. */
async function listen(bus: Bus, topic: string) {
  const heard: unknown[] = [];
  const end = await bus.subscribe(topic, (message) => heard.push(message));
  return { heard, end, until: (message: unknown) => vi.waitFor(() => expect(heard).toContainEqual(message), 5_000) };
}

/** Ends every connection that subscribes, as a network does. */
const cut = (publisher: Redis) => publisher.call('CLIENT', 'KILL', 'TYPE', 'pubsub');

describe('a connection that was lost', () => {
  test('is told to every listener once it hears again: what is published after that is not lost', async () => {
    const { bus, publisher } = openBus();
    const [a, b] = [await listen(bus, 'a'), await listen(bus, 'b')];
    expect([...a.heard, ...b.heard]).toEqual([]);
    for (let round = 1; round <= 10; round++) {
      const again = Promise.withResolvers<void>();
      const end = await bus.subscribe('c', (message) => message === undefined && again.resolve());
      await cut(publisher);
      await again.promise;
      await Promise.all([bus.publish('a', round), bus.publish('b', round)]);
      await Promise.all([a.until(round), b.until(round)]);
      end();
    }
    expect(a.heard).toEqual(Array.from({ length: 10 }, (_, index) => [undefined, index + 1]).flat());
  });

  test('is told after a Redis that died is back, and what waited to be subscribed is subscribed', async () => {
    const own = await startRedis();
    const publisher = connect('commands', own.url);
    const bus = redisBus({
      publisher,
      subscriber: connect('messages', own.url),
      onError: (error) => errors.push(error),
    });
    const early = await listen(bus, 'a');
    await own.kill();
    await expect(bus.check()).rejects.toThrow();
    await bus.publish('a', 'lost');
    expect(errors).toHaveLength(1);
    const late = listen(bus, 'b');
    await own.start();
    await early.until(undefined);
    const { until } = await late;
    await vi.waitFor(() => bus.check(), 5_000);
    await bus.publish('b', 'there');
    await until('there');
    await bus.close();
    publisher.disconnect();
    await own.stop();
  });

  test('makes tails look at once, also where nothing comes afterwards', async () => {
    const { bus, publisher } = openBus();
    const log = new RedisLog({ redis: publisher });
    const tails = new Tails({ log, bus, onError: (error) => errors.push(error), silenceMs: 3_600_000 });
    await log.append('gen_1', null, [queued]);
    const tail = await tails.open('gen_1');
    for (let attempt = 1; attempt <= 20; attempt++) {
      const head = await headOf(log, 'gen_1');
      // In one go: the connections end, and something is written before they are back.
      await Promise.all([cut(publisher), log.append('gen_1', head, [started(attempt)])]);
      await vi.waitFor(() => expect(tail.offset).toBe(2 * attempt), 5_000);
      await appendTo(log, 'gen_1', [text(0, 'x')]);
      await vi.waitFor(() => expect(tail.offset).toBe(2 * attempt + 1), 5_000);
    }
    tails.release('gen_1');
    tails.close();
  });
});

test('a SUBSCRIBE that Redis refuses is told once, and sent again until it is taken', async () => {
  const { bus, publisher, subscriber } = openBus();
  await subscriber.ping();
  await publisher.acl('SETUSER', 'default', 'resetchannels', '&allowed');
  const asked = ['a', 'a', 'b'].map((topic) => listen(bus, topic));
  await vi.waitFor(() => expect(errors).toHaveLength(2));
  await expect(bus.check()).rejects.toThrow('refuses a subscription');
  await publisher.acl('SETUSER', 'default', 'allchannels');
  for (const { until } of await Promise.all(asked)) {
    await Promise.all(['a', 'b'].map((topic) => bus.publish(topic, 1)));
    await until(1);
  }
  await bus.check();
  expect(errors).toHaveLength(2);
});

test('topics that Redis refuses on a new connection are heard again once it takes them', async () => {
  const { bus, publisher } = openBus();
  const { heard, until } = await listen(bus, 'a');
  // Redis closes connections whose rights were taken away.
  await publisher.acl('SETUSER', 'default', 'resetchannels', '&allowed');
  await vi.waitFor(() => expect(errors.map(String)).toEqual([expect.stringContaining('NOPERM')]), 5_000);
  expect(heard).toEqual([]);
  await publisher.acl('SETUSER', 'default', 'allchannels');
  await until(undefined);
  await bus.publish('a', 1);
  await until(1);
});

test('a connection that falls silent is noticed, and made anew', async () => {
  const proxy = await startProxy(server.port);
  const { bus } = openBus({ subscriber: connect('messages', `redis://127.0.0.1:${proxy.port}`) });
  const { until } = await listen(bus, 'a');
  await bus.check();
  proxy.silence();
  await expect(bus.check()).rejects.toThrow(/does not answer|subscriber is/);
  await until(undefined);
  await bus.check();
  await bus.publish('a', 1);
  await until(1);
  await proxy.stop();
});

test('a SUBSCRIBE on a connection that has no end yet, or is closed before it has one, ends nothing', async () => {
  const { bus, publisher, subscriber } = openBus();
  // Between `connect` and `ready`.
  const early = Promise.withResolvers<void>();
  subscriber.once('connect', () => void bus.subscribe('a', () => early.resolve()).then(() => bus.publish('a', 1)));
  await early.promise;
  await publisher.client('PAUSE', 50, 'ALL');
  const waiting = bus.subscribe('b', () => {});
  const ended = bus.subscribe('c', () => {});
  const outcome = Promise.allSettled([waiting, ended]);
  await bus.close();
  expect((await outcome).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('an UNSUBSCRIBE that fails ends nothing', async () => {
  const { bus, subscriber } = openBus();
  const { end } = await listen(bus, 'a');
  subscriber.disconnect();
  end();
  await vi.waitFor(() => expect(errors).toHaveLength(1));
});

test('listeners may end each other while a message is handed out', async () => {
  const { bus } = openBus();
  const ends: (() => void)[] = [];
  const heard: string[] = [];
  for (const name of ['first', 'second', 'third']) {
    const end = await bus.subscribe('a', () => {
      heard.push(name);
      for (const each of ends) each();
    });
    ends.push(end);
  }
  await bus.publish('a', 1);
  const witness = await listen(bus, 'a');
  await bus.publish('a', 2);
  await witness.until(2);
  expect(heard).toEqual(['first']);
});

test('a topic is left in Redis when its last listener has gone, and can be had again', async () => {
  const { bus, publisher } = openBus();
  const [first, second] = [await listen(bus, 'topic'), await listen(bus, 'topic')];
  first.end();
  expect(await publisher.pubsub('CHANNELS', 'topic')).toEqual(['topic']);
  second.end();
  const third = await listen(bus, 'topic');
  await bus.publish('topic', 1);
  await third.until(1);
  third.end();
  await vi.waitFor(async () => expect(await publisher.pubsub('CHANNELS', 'topic')).toEqual([]));
});
