import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Redis } from 'ioredis';
import { MillraceError } from '../domain/errors.ts';

export interface SubscriptionsOptions {
  readonly client: Redis | Cluster;
  readonly sharded: boolean;
  /** Told of the first refusal of each command, and of an UNSUBSCRIBE that failed. */
  readonly onError: (error: unknown) => void;
}

/** A SUBSCRIBE that was refused is sent again after this long. */
const againMs = 500;

/**
 * The part of a client that RedisPubSub subscribes with. It drops promises: one of a SUBSCRIBE or UNSUBSCRIBE that fails
 * would end the process. So a SUBSCRIBE is sent until it is taken; what is left subscribed by an UNSUBSCRIBE that failed
 * is heard by nobody.
 */
export class Subscriptions {
  readonly #client: Redis | Cluster;
  readonly #sharded: boolean;
  readonly #onError: (error: unknown) => void;
  readonly #topics = new Set<string>();
  /** Why each of those that are still tried was refused. */
  readonly #refused = new Map<symbol, unknown>();
  readonly #closed = new AbortController();

  constructor({ client, sharded, onError }: SubscriptionsOptions) {
    this.#client = client;
    this.#sharded = sharded;
    this.#onError = onError;
  }

  on(event: string, listener: (...args: never[]) => void): void {
    this.#client.on(event, listener as never);
  }

  /** Calls `done` once it is subscribed, or all is closed. */
  subscribe(topic: string, done: () => void): void {
    const send = () => (this.#sharded ? this.#client.ssubscribe(topic) : this.#client.subscribe(topic));
    this.#topics.add(topic);
    this.#insist(send).then(() => done());
  }

  unsubscribe(topic: string): void {
    this.#topics.delete(topic);
    if (this.closed) return;
    const unsubscribed = this.#sharded ? this.#client.sunsubscribe(topic) : this.#client.unsubscribe(topic);
    unsubscribed.catch((error: unknown) => this.closed || this.#onError(error));
  }

  punsubscribe(): void {}

  /** Subscribes all topics on a new connection; not for a cluster's client, which does that. */
  async renew(): Promise<void> {
    await this.#insist(async () => {
      if (this.#topics.size > 0) await this.#client.subscribe(...this.#topics);
      // Answered by a connection that hears nothing, too.
      else await this.#client.ping();
    });
  }

  async #insist(send: () => Promise<unknown>): Promise<void> {
    const key = Symbol();
    const { signal } = this.#closed;
    while (!signal.aborted) {
      try {
        await send();
        break;
      } catch (error) {
        if (!this.closed && !this.#refused.has(key)) this.#onError(error);
        this.#refused.set(key, error);
        await sleep(againMs, undefined, { signal, ref: false }).catch(() => {});
      }
    }
    this.#refused.delete(key);
  }

  /** Has the connection show that it is alive. */
  ask(): void {
    this.#client.ping().catch((error: unknown) => this.closed || this.#onError(error));
  }

  /** @throws MillraceError where a SUBSCRIBE is refused at present: its topic is not heard */
  check(): void {
    const [refusal] = this.#refused.values();
    if (refusal)
      throw new MillraceError('UNAVAILABLE', 'Redis refuses a subscription; the log says why', { cause: refusal });
  }

  get closed(): boolean {
    return this.#closed.signal.aborted;
  }

  close(): void {
    this.#closed.abort();
  }
}
