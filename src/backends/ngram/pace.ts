/** Tokens that are written at one go, at most; between two goes all other work gets its turn. */
const BATCH = 64;

/**
 * Says when one stream may write how many tokens: by the clock since its first, so that being late once slows nothing
 * down. Has one timer at most.
 */
export class Pace {
  readonly #perMs: number;
  readonly #signal: AbortSignal;
  readonly #wake = () => this.#resume?.();
  #resume: (() => void) | undefined;
  #startedAt: number | undefined;
  #allowed = 0;

  /** @param tokensPerSecond 0 is as fast as it goes. */
  constructor(tokensPerSecond: number, signal: AbortSignal) {
    this.#perMs = tokensPerSecond === 0 ? Number.POSITIVE_INFINITY : tokensPerSecond / 1000;
    this.#signal = signal;
    signal.addEventListener('abort', this.#wake);
  }

  /** Waits until a token is due and gives how many are, up to 64. @throws the signal's reason when it is aborted. */
  async due(): Promise<number> {
    this.#signal.throwIfAborted();
    if (this.#startedAt === undefined) {
      this.#startedAt = performance.now();
    } else {
      // The n-th token, counted from 0, is due n intervals after the first.
      await this.#wait(this.#startedAt + this.#allowed / this.#perMs - performance.now());
      this.#signal.throwIfAborted();
    }
    const due = Math.floor((performance.now() - this.#startedAt) * this.#perMs) + 1 - this.#allowed;
    const count = this.#perMs === Number.POSITIVE_INFINITY ? BATCH : Math.min(BATCH, Math.max(1, due));
    this.#allowed += count;
    return count;
  }

  /** Lets go of the signal. */
  stop(): void {
    this.#signal.removeEventListener('abort', this.#wake);
  }

  async #wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#resume = resolve;
      if (ms > 0) timer = setTimeout(this.#wake, ms);
      else setImmediate(this.#wake);
    });
    this.#resume = undefined;
    clearTimeout(timer);
  }
}
