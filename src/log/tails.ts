import type { Bus } from '../bus/bus.ts';
import { FarReads } from './far-reads.ts';
import { type Log, type LogMessage, logTopic } from './log.ts';
import { Tail } from './tail.ts';

interface OpenTail {
  readonly tail: Promise<Tail>;
  users: number;
  close(): void;
}

interface TailsOptions {
  log: Log;
  bus: Bus;
  onError: (error: unknown) => void;
  /** A tail that heard nothing for so long, in ms, asks the log whether it missed something. */
  silenceMs?: number;
  now?: () => number;
}

/** The tails of this process, one for each log that somebody here reads. */
export class Tails {
  readonly #log: Log;
  readonly #bus: Bus;
  readonly #silenceMs: number;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #open = new Map<string, OpenTail>();
  readonly #live = new Set<Tail>();
  readonly #far: FarReads;
  readonly #sweep: NodeJS.Timeout;

  /** `onError` is told of a log that could not be read; the tail asks it again by itself. */
  constructor({ log, bus, onError, silenceMs = 5_000, now = Date.now }: TailsOptions) {
    this.#log = log;
    this.#bus = bus;
    this.#onError = onError;
    this.#silenceMs = silenceMs;
    this.#now = now;
    this.#far = new FarReads(log);
    this.#sweep = setInterval(() => void this.#askSilent(), silenceMs / 5).unref();
  }

  /** How many logs are followed. */
  get size(): number {
    return this.#open.size;
  }

  /** The tail of a log, caught up. Every `open` is paired with a `release`. */
  async open(id: string): Promise<Tail> {
    let entry = this.#open.get(id);
    if (!entry) {
      entry = this.#start(id);
      this.#open.set(id, entry);
    }
    entry.users++;
    try {
      return await entry.tail;
    } catch (error) {
      this.release(id);
      throw error;
    }
  }

  release(id: string): void {
    const entry = this.#open.get(id);
    if (!entry || --entry.users > 0) return;
    this.#open.delete(id);
    entry.close();
  }

  #start(id: string): OpenTail {
    const tail = new Tail({ id, log: this.#log, far: this.#far, now: this.#now(), onError: this.#onError });
    // Subscribed first, read then: what is appended in between is seen twice rather than not at all.
    const subscribed = this.#bus.subscribe(logTopic(id), (message) =>
      tail.receive(message as LogMessage | undefined, this.#now()),
    );
    const ready = subscribed.then(async () => {
      await tail.repair();
      if (this.#open.get(id)?.tail === ready) this.#live.add(tail);
      return tail;
    });
    const close = () => {
      this.#live.delete(tail);
      subscribed.then((unsubscribe) => unsubscribe()).catch(this.#onError);
    };
    return { tail: ready, users: 0, close };
  }

  /** One question for all tails that heard nothing for a while; those that missed something catch up. */
  async #askSilent(): Promise<void> {
    const now = this.#now();
    const silent = [...this.#live].filter((tail) => now - tail.heardAt >= this.#silenceMs);
    if (silent.length === 0) return;
    for (const tail of silent) tail.heardAt = now;
    try {
      const heads = await this.#log.heads(silent.map((tail) => tail.id));
      for (const tail of silent) {
        const head = heads.get(tail.id);
        // Where there is no log its readers look at the store, which says nothing by itself.
        if (!head || head.epoch !== tail.epoch || head.offset !== tail.offset) void tail.repair();
      }
    } catch (error) {
      for (const tail of silent) tail.heardAt = Number.NEGATIVE_INFINITY;
      this.#onError(error);
    }
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const entry of this.#open.values()) entry.close();
    this.#open.clear();
  }
}
