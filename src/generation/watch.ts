import { heeding } from '../domain/heeding.ts';

/** The same key is given again this much later at the earliest: a state subscription may skip what lies between. */
const defaultIntervalMs = 250;

interface WatchOptions<Key> {
  /** Begins to listen, and to `mark` what changes: called at the first `next`. Resolves with what ends it. */
  readonly open: (watch: Watch<Key>) => Promise<() => void>;
  readonly intervalMs?: number;
}

/**
 * What a state subscription waits on: the keys of what has changed since it was last given. However many changes
 * there are, it holds each key once.
 */
export class Watch<Key> {
  readonly #dirty = new Set<Key>();
  readonly #givenAt = new Map<Key, number>();
  readonly #open: WatchOptions<Key>['open'];
  readonly #intervalMs: number;
  readonly #stop = new AbortController();
  #opened: Promise<() => void> | undefined;
  #wake = Promise.withResolvers<void>();

  constructor({ open, intervalMs = defaultIntervalMs }: WatchOptions<Key>) {
    this.#open = open;
    this.#intervalMs = intervalMs;
  }

  /** Says that the state under `key` has changed. */
  mark(key: Key): void {
    this.#dirty.add(key);
    this.#wake.resolve();
  }

  /** The next key whose state has changed; undefined once the watch is closed. */
  async next(): Promise<Key | undefined> {
    const { signal } = this.#stop;
    if (!this.#opened && !signal.aborted) this.#opened = this.#open(this);
    if (this.#opened) await heeding(signal, this.#opened).catch((error) => this.#unlessClosed(error));
    while (!signal.aborted) {
      const now = performance.now();
      let wait = Number.POSITIVE_INFINITY;
      for (const key of this.#dirty) {
        const due = (this.#givenAt.get(key) ?? Number.NEGATIVE_INFINITY) + this.#intervalMs - now;
        if (due <= 0) return this.#give(key, now);
        wait = Math.min(wait, due);
      }
      this.#wake = Promise.withResolvers();
      const timer = wait < Number.POSITIVE_INFINITY ? setTimeout(this.#wake.resolve, wait) : undefined;
      await this.#wake.promise;
      clearTimeout(timer);
    }
    return undefined;
  }

  #unlessClosed(error: unknown): void {
    if (!this.#stop.signal.aborted) throw error;
  }

  #give(key: Key, now: number): Key {
    this.#dirty.delete(key);
    for (const [other, at] of this.#givenAt) if (at + this.#intervalMs <= now) this.#givenAt.delete(other);
    this.#givenAt.set(key, now);
    return key;
  }

  /** Ends it, also a `next` that is under way; what is still being opened is ended when it is open. */
  close(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#wake.resolve();
    // Where it never opened, or failed to, `next` has said so and there is nothing to end.
    this.#opened?.then((end) => end()).catch(() => {});
  }
}
