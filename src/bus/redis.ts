import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Cluster, Redis } from 'ioredis';
import type { Bus } from './bus.ts';

type Client = Redis | Cluster;

export interface RedisBusOptions {
  /** Takes commands; shared with others, and closed by who made it. */
  readonly publisher: Client;
  /** The bus's own, which it closes: a connection that subscribes can do nothing else. */
  readonly subscriber: Client;
  /** Sharded Pub/Sub (Redis 7 Cluster): a message goes to the nodes of its topic's slot instead of to all. */
  readonly sharded?: boolean;
  /** Told of what failed where no caller waits for it. */
  readonly onError: (error: unknown) => void;
}

/** A bus through Redis Pub/Sub. A dropped connection loses messages: then every listener hears `undefined`. */
export function redisBus({ publisher, subscriber, sharded = false, onError }: RedisBusOptions): Bus {
  const pubsub = new RedisPubSub({
    publisher: publishing(publisher, sharded) as never,
    subscriber: subscribing(subscriber, sharded, onError) as never,
    messageEventName: sharded ? 'smessage' : 'message',
  });
  const listeners = new Set<(message: unknown) => void>();
  let connections = 0;
  const onReady = () => {
    if (connections++ === 0) return;
    for (const listener of listeners) listener(undefined);
  };
  if (subscriber.status === 'ready') connections = 1;
  subscriber.on('ready', onReady);

  return {
    publish: (topic, message) => pubsub.publish(topic, message),

    async subscribe(topic, listener) {
      const own = (message: unknown) => listener(message);
      const id = await pubsub.subscribe(topic, own);
      listeners.add(own);
      return () => {
        if (listeners.delete(own)) pubsub.unsubscribe(id);
      };
    },

    async check() {
      await publisher.ping();
      if (subscriber.status !== 'ready') throw new Error(`The subscriber is ${subscriber.status}.`);
    },

    async close() {
      subscriber.off('ready', onReady);
      listeners.clear();
      subscriber.disconnect();
    },
  };
}

/** The part of a client that RedisPubSub publishes with. */
function publishing(client: Client, sharded: boolean) {
  const publish = (topic: string, message: string) =>
    sharded ? client.spublish(topic, message) : client.publish(topic, message);
  return { publish };
}

/**
 * The part of a client that RedisPubSub subscribes with. It drops the promise of an unsubscribe, which must not end the
 * process when the connection is just away; what is left subscribed by that is heard by nobody.
 */
function subscribing(client: Client, sharded: boolean, onError: (error: unknown) => void) {
  const ended = (promise: Promise<unknown>) => void promise.catch(onError);
  return {
    on: (event: string, listener: (...args: never[]) => void) => client.on(event, listener as never),
    subscribe(topic: string, done: (error?: Error | null) => void) {
      const subscribed = sharded ? client.ssubscribe(topic) : client.subscribe(topic);
      subscribed.then(() => done(), done);
    },
    unsubscribe: (topic: string) => ended(sharded ? client.sunsubscribe(topic) : client.unsubscribe(topic)),
    punsubscribe: () => {},
  };
}
