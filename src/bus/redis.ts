import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Cluster, Redis } from 'ioredis';
import { MillraceError } from '../domain/errors.ts';
import type { Bus } from './bus.ts';
import { Subscriptions } from './redis-subscriptions.ts';

type Client = Redis | Cluster;

export interface RedisBusOptions {
  /** Takes commands; shared with others, and closed by who made it. */
  readonly publisher: Client;
  /**
   * The bus's own, which it closes: a connection that subscribes can do nothing else. It comes back by itself, also from
   * a Redis that left a command unanswered; the bus subscribes again.
   */
  readonly subscriber: Client;
  /** Sharded Pub/Sub (Redis 7 Cluster): a message goes to the nodes of its topic's slot instead of to all. */
  readonly sharded?: boolean;
  /** Told of what failed where no caller waits for it. */
  readonly onError: (error: unknown) => void;
}

/** A connection that only listens does not notice that its Redis is gone: it asks so often, ... */
const askMs = 1_000;
/** ... and `check` waits for so long. */
const answerMs = 2_000;
/** A cluster's client does not say when it has subscribed again: so long after its connections are back it has. */
const resubscribedMs = 1_000;

/** A bus through Redis Pub/Sub. A dropped connection loses messages: then every listener hears `undefined`. */
export function redisBus({ publisher, subscriber, sharded = false, onError }: RedisBusOptions): Bus {
  const subscriptions = new Subscriptions({ client: subscriber, sharded, onError });
  const pubsub = new RedisPubSub({
    publisher: publishing(publisher, sharded) as never,
    subscriber: subscriptions as never,
    messageEventName: sharded ? 'smessage' : 'message',
  });
  const listeners = new Set<(message: unknown) => void>();
  const tellOfLoss = () => {
    for (const listener of listeners) listener(undefined);
  };
  const endWatch = sharded ? watchCluster(subscriber, tellOfLoss) : watchRedis(subscriber, subscriptions, tellOfLoss);

  return {
    publish: (topic, message) => pubsub.publish(topic, message).catch(onError),

    async subscribe(topic, listener) {
      const own = (message: unknown) => {
        if (listeners.has(own)) listener(message);
      };
      const id = await pubsub.subscribe(topic, own);
      // A turn later: RedisPubSub throws where its last listener ends while it hands out a message.
      const end = () => queueMicrotask(() => pubsub.unsubscribe(id));
      if (subscriptions.closed) throw new Error('The bus is closed.');
      listeners.add(own);
      return () => {
        if (listeners.delete(own)) end();
      };
    },

    async check() {
      for (const [client, use] of [[publisher, 'commands'] as const, [subscriber, 'messages'] as const])
        if (client.status !== 'ready') throw unreachable(`the connection for ${use} is down`);
      await publisher.ping().catch((cause: Error) => {
        throw unreachable(cause.message, cause);
      });
      // Which of a cluster's connections listens, its client does not tell.
      if (!sharded) await answers(subscriber);
      subscriptions.check();
    },

    async close() {
      endWatch();
      listeners.clear();
      subscriptions.close();
      subscriber.disconnect();
    },
  };
}

const unreachable = (why: string, cause?: unknown) =>
  new MillraceError('UNAVAILABLE', `Redis can't be reached: ${why}`, { cause });

/** @throws MillraceError `UNAVAILABLE` where it takes too long */
async function answers(client: Client): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(unreachable('it does not answer where it is to send messages')), answerMs);
  await Promise.race([client.ping(), late.promise]).finally(() => clearTimeout(timer));
}

/** Subscribes again on every new connection, and calls `onLoss` then. Returns what ends that. */
function watchRedis(subscriber: Client, subscriptions: Subscriptions, onLoss: () => void): () => void {
  let connections = subscriber.status === 'ready' ? 1 : 0;
  const onReady = () => {
    if (connections++ === 0) return;
    void subscriptions.renew().then(() => subscriptions.closed || onLoss());
  };
  // The client itself leaves a connection on which no answer comes.
  const ask = setInterval(() => subscriber.status === 'ready' && subscriptions.ask(), askMs).unref();
  subscriber.on('ready', onReady);
  return () => {
    clearInterval(ask);
    subscriber.off('ready', onReady);
  };
}

/** The same for a cluster, whose client subscribes again by itself, and leaves out of its account when it has. */
function watchCluster(subscriber: Client, onLoss: () => void): () => void {
  let connections = subscriber.status === 'ready' ? 1 : 0;
  let late: NodeJS.Timeout | undefined;
  const onReady = () => {
    if (connections++ === 0) return;
    onLoss();
    clearTimeout(late);
    late = setTimeout(onLoss, resubscribedMs);
  };
  subscriber.on('subscribersReady', onReady);
  return () => {
    clearTimeout(late);
    subscriber.off('subscribersReady', onReady);
  };
}

/** The part of a client that RedisPubSub publishes with. */
function publishing(client: Client, sharded: boolean) {
  const publish = (topic: string, message: string) =>
    sharded ? client.spublish(topic, message) : client.publish(topic, message);
  return { publish };
}
