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

/** A cluster's client does not say when it has subscribed again: so long after its connections are back it has. */
const resubscribedMs = 1_000;

/** A bus through Redis Pub/Sub. A dropped connection loses messages: then every listener hears `undefined`. */
export function redisBus({ publisher, subscriber, sharded = false, onError }: RedisBusOptions): Bus {
  const subscriptions = new Subscriptions(subscriber, sharded, onError);
  const pubsub = new RedisPubSub({
    publisher: publishing(publisher, sharded) as never,
    subscriber: subscriptions as never,
    messageEventName: sharded ? 'smessage' : 'message',
  });
  const listeners = new Set<(message: unknown) => void>();
  const tellOfLoss = () => {
    for (const listener of listeners) listener(undefined);
  };
  const endWatch = watchConnection({ subscriber, sharded, onLoss: tellOfLoss, onError });

  return {
    publish: (topic, message) => pubsub.publish(topic, message).catch(onError),

    async subscribe(topic, listener) {
      const own = (message: unknown) => {
        if (listeners.has(own)) listener(message);
      };
      const id = await pubsub.subscribe(topic, own);
      // A turn later: RedisPubSub throws where its last listener ends while it hands out a message.
      const end = () => queueMicrotask(() => pubsub.unsubscribe(id));
      const failure = subscriptions.failureOf(topic);
      if (failure) {
        end();
        throw failure.error;
      }
      listeners.add(own);
      return () => {
        if (listeners.delete(own)) end();
      };
    },

    async check() {
      await publisher.ping();
      if (subscriber.status !== 'ready') throw new Error(`The subscriber is ${subscriber.status}.`);
    },

    async close() {
      endWatch();
      listeners.clear();
      subscriptions.close();
      subscriber.disconnect();
    },
  };
}

interface WatchOptions {
  subscriber: Client;
  sharded: boolean;
  onLoss: () => void;
  onError: (error: unknown) => void;
}

/** Calls `onLoss` whenever a connection that had been lost is back, and hears everything again. */
function watchConnection({ subscriber, sharded, onLoss, onError }: WatchOptions): () => void {
  let connections = subscriber.status === 'ready' ? 1 : 0;
  let closed = false;
  let late: NodeJS.Timeout | undefined;
  const onReady = () => {
    if (connections++ === 0) return;
    if (sharded) {
      onLoss();
      clearTimeout(late);
      late = setTimeout(onLoss, resubscribedMs);
      return;
    }
    // Answered after the SUBSCRIBE that went before it: who looked earlier could miss what comes in between.
    subscriber.ping().then(onLoss, (error: unknown) => closed || onError(error));
  };
  const event = sharded ? 'subscribersReady' : 'ready';
  subscriber.on(event, onReady);
  return () => {
    closed = true;
    clearTimeout(late);
    subscriber.off(event, onReady);
  };
}

/** The part of a client that RedisPubSub publishes with. */
function publishing(client: Client, sharded: boolean) {
  const publish = (topic: string, message: string) =>
    sharded ? client.spublish(topic, message) : client.publish(topic, message);
  return { publish };
}

/**
 * The part of a client that RedisPubSub subscribes with. It drops promises: one of a SUBSCRIBE or UNSUBSCRIBE that fails
 * would end the process. So a SUBSCRIBE that failed looks to it as if it had not, and is asked for by `failureOf`; what
 * is left subscribed by an UNSUBSCRIBE that failed is heard by nobody.
 */
class Subscriptions {
  readonly #client: Client;
  readonly #sharded: boolean;
  readonly #onError: (error: unknown) => void;
  readonly #failures = new Map<string, { readonly error: unknown }>();
  #closed = false;

  constructor(client: Client, sharded: boolean, onError: (error: unknown) => void) {
    this.#client = client;
    this.#sharded = sharded;
    this.#onError = onError;
  }

  on(event: string, listener: (...args: never[]) => void): void {
    this.#client.on(event, listener as never);
  }

  subscribe(topic: string, done: () => void): void {
    this.#failures.delete(topic);
    const subscribed = this.#sharded ? this.#client.ssubscribe(topic) : this.#client.subscribe(topic);
    subscribed.catch((error: unknown) => this.#failures.set(topic, { error })).then(() => done());
  }

  unsubscribe(topic: string): void {
    this.#failures.delete(topic);
    if (this.#closed) return;
    const unsubscribed = this.#sharded ? this.#client.sunsubscribe(topic) : this.#client.unsubscribe(topic);
    unsubscribed.catch((error: unknown) => this.#closed || this.#onError(error));
  }

  punsubscribe(): void {}

  /** Why the last SUBSCRIBE to a topic failed, if it did. */
  failureOf(topic: string): { readonly error: unknown } | undefined {
    return this.#failures.get(topic);
  }

  close(): void {
    this.#closed = true;
  }
}
