/** A backend that has failed. */
export interface Avoided {
  readonly name: string;
  /** How many requests to it had failed when the wait began. */
  readonly failures: number;
}

export interface WaiterOptions {
  /** Who has come before whom, also where they have left the line meanwhile: the smaller number stands in front. */
  readonly arrival: number;
  /** Whom it would rather not be served by. */
  readonly avoid: Avoided | undefined;
  /** How long it waits while its clock runs, ... */
  readonly timeoutMs: number;
  /** ... counted from this moment at the earliest, in ms since 1970. */
  readonly since: number;
  /** Makes the error that it leaves with when its time is up. */
  readonly onTimeout: () => Error;
  readonly signal: AbortSignal;
}

const longestTimer = 2 ** 31 - 1;

/** One who waits in a line for a `T`. It leaves the line when it is served, sent away, aborted, or out of time. */
export class Waiter<T> {
  readonly avoid: Avoided | undefined;
  readonly arrival: number;
  readonly #options: WaiterOptions;
  readonly #line: Set<Waiter<T>>;
  readonly #outcome = Promise.withResolvers<T>();
  readonly #onAbort = () => this.sendAway(this.#options.signal.reason);
  #timer: NodeJS.Timeout | undefined;

  /** Stands in `line` from now on. `signal` is not aborted yet. */
  constructor(line: Set<Waiter<T>>, options: WaiterOptions) {
    this.avoid = options.avoid;
    this.arrival = options.arrival;
    this.#options = options;
    this.#line = line;
    const behind = [...line].filter(({ arrival }) => arrival > this.arrival);
    for (const each of behind) line.delete(each);
    for (const each of [this, ...behind]) line.add(each);
    options.signal.addEventListener('abort', this.#onAbort);
  }

  get served(): Promise<T> {
    return this.#outcome.promise;
  }

  serve(what: T): void {
    this.#leave();
    this.#outcome.resolve(what);
  }

  sendAway(reason: unknown): void {
    this.#leave();
    this.#outcome.reject(reason);
  }

  /** Its time runs from `from` on, in ms since 1970; where that is null it stands still, and begins anew later. */
  setClock(from: number | null): void {
    const { timeoutMs, since, onTimeout } = this.#options;
    if (from === null) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (timeoutMs <= longestTimer) {
      const left = Math.max(from, since) + timeoutMs - Date.now();
      this.#timer ??= setTimeout(() => this.sendAway(onTimeout()), Math.max(0, left));
    }
  }

  #leave(): void {
    this.#line.delete(this);
    this.setClock(null);
    this.#options.signal.removeEventListener('abort', this.#onAbort);
  }
}
