/** So much of its allowance may be used at once. */
const burstMs = 1_000;

/** Lets so many through a second, in bursts of a second's worth. */
export class Pace {
  readonly #eachMs: number;
  /** When what was let through is paid for, on the clock of `performance.now()`. */
  #paidAt = 0;

  constructor(perSecond: number) {
    this.#eachMs = 1_000 / perSecond;
  }

  /** Lets one through and gives 0; or gives the milliseconds to wait before it is asked again. */
  take(now = performance.now()): number {
    const paidAt = Math.max(this.#paidAt, now) + this.#eachMs;
    const waitMs = paidAt - now - burstMs;
    if (waitMs > 0) return waitMs;
    this.#paidAt = paidAt;
    return 0;
  }
}
