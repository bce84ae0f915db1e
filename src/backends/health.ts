import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from 'cockatiel';
import { type Backend, BackendError } from './backend.ts';

/** In milliseconds, but `failuresToOpen`. */
export interface HealthSettings {
  /** From the start of one probe to the start of the next. */
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  /** So many failed requests in a row put a backend out, even one that answers its probes ... */
  readonly failuresToOpen: number;
  /** ... for at least so long. */
  readonly coolDownMs: number;
  /** The longest that a `Retry-After` is honoured. */
  readonly longestRestMs: number;
}

/** A server under load may be late: so many late probes in a row are forgiven, less one, while it serves requests. */
const lateProbesToLeave = 3;

/** It asked to be left alone for a while: the answer of a healthy server that has too much to do. */
const asksForRest = ({ kind, retryAfterMs = 0 }: BackendError) => kind === 'unavailable' && retryAfterMs > 0;
const breaks = handleWhen((e) => e instanceof BackendError && e.kind !== 'refused' && !asksForRest(e));

/**
 * What is known of one backend, from two sources: probes that are sent all the time, and the outcomes of its requests.
 * Before the first probe has answered it counts as up.
 *
 * - A probe that fails puts it out at once, one that succeeds brings it back. A late probe puts it out at once only
 *   where nothing runs on it.
 * - Failures of requests in a row open the circuit breaker: it is out, whatever its probes say, until the cool-down is
 *   over and a probe succeeds. Where a probe found nobody there in the meantime it was started anew, and is back at once.
 * - `Retry-After` makes it rest: still up, but no choice.
 */
export class Health {
  readonly #backend: Backend;
  readonly #settings: HealthSettings;
  readonly #onChange: () => void;
  #breaker: CircuitBreakerPolicy;
  #answers = true;
  #late = 0;
  /** A probe could not connect since the last one that succeeded. */
  #gone = false;
  #running = 0;
  #failures = 0;
  /** How many there were when the last probe that is over began. */
  #probedFailures = 0;
  #lastError: { readonly message: string; readonly at: string } | null = null;
  /** Between `start` and `close`. */
  #active = false;
  #nextProbe: NodeJS.Timeout | undefined;
  #probing: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;
  #rest: { readonly timer: NodeJS.Timeout; readonly until: number } | undefined;

  /** `onChange` is called when a probe or the end of a rest changed something; what `watch` learns its caller knows. */
  constructor(backend: Backend, settings: HealthSettings, onChange: () => void) {
    this.#backend = backend;
    this.#settings = settings;
    this.#onChange = onChange;
    this.#breaker = this.#newBreaker();
  }

  get up(): boolean {
    return this.#answers && this.#breaker.state === CircuitState.Closed;
  }

  /** Up, and not at rest. */
  get ready(): boolean {
    return this.up && this.#rest === undefined;
  }

  /** How many requests have failed so far that a probe is to follow. */
  get failures(): number {
    return this.#failures;
  }

  /** Whether a probe is over, in whichever way, that began after so many failures. */
  hasProbed(failures: number): boolean {
    return this.#probedFailures >= failures;
  }

  /** Requests that are being watched. */
  get running(): number {
    return this.#running;
  }

  /** A sentence that begins with its time. */
  get lastError(): string | null {
    return this.#lastError && `${this.#lastError.at}: ${this.#lastError.message}`;
  }

  /** Sends the first probe, then one every interval. Resolves once the first one is over. */
  async start(): Promise<void> {
    this.#active = true;
    this.#probe();
    await this.#probing?.done;
  }

  /** Resolves when no probe is under way and no timer is left. */
  async close(): Promise<void> {
    this.#active = false;
    clearTimeout(this.#nextProbe);
    clearTimeout(this.#rest?.timer);
    this.#probing?.stop.abort(new Error(`${this.#backend.name} is no longer probed.`));
    await this.#probing?.done;
  }

  /** Watches one request: resolves when its outcome has been taken into account. Other errors than `BackendError` tell nothing. */
  async watch(outcome: Promise<void>): Promise<void> {
    this.#running++;
    try {
      await this.#breaker.execute(() => outcome);
      this.#late = 0;
    } catch (error) {
      if (error instanceof BackendError) this.#failed(error);
    } finally {
      this.#running--;
    }
  }

  #newBreaker(): CircuitBreakerPolicy {
    const { failuresToOpen, coolDownMs } = this.#settings;
    return circuitBreaker(breaks, { breaker: new ConsecutiveBreaker(failuresToOpen), halfOpenAfter: coolDownMs });
  }

  #failed(error: BackendError): void {
    this.#note(error);
    if (asksForRest(error)) this.#restFor(error.retryAfterMs);
    // A server that is gone is found out now, not by the next requests.
    else if (error.kind !== 'refused' && this.#active) {
      this.#failures++;
      this.#probe();
    }
  }

  #note({ message }: BackendError): void {
    this.#lastError = { message, at: new Date().toISOString() };
  }

  #restFor(askedMs = 0): void {
    if (!this.#active) return;
    const ms = Math.min(askedMs, this.#settings.longestRestMs);
    const until = performance.now() + ms;
    if (this.#rest && this.#rest.until >= until) return;
    clearTimeout(this.#rest?.timer);
    const timer = setTimeout(() => {
      this.#rest = undefined;
      this.#onChange();
    }, ms);
    this.#rest = { timer, until };
  }

  #probe(): void {
    if (!this.#active || this.#probing) return;
    clearTimeout(this.#nextProbe);
    const stop = new AbortController();
    const startedAt = performance.now();
    const failures = this.#failures;
    const done = this.#ask(stop).finally(() => {
      this.#probing = undefined;
      const isAwaited = !this.hasProbed(failures);
      this.#probedFailures = failures;
      if (!this.#active) return;
      if (isAwaited && this.ready) this.#onChange();
      if (!this.hasProbed(this.#failures)) return this.#probe();
      const wait = Math.max(0, this.#settings.probeIntervalMs - (performance.now() - startedAt));
      this.#nextProbe = setTimeout(() => this.#probe(), wait);
    });
    this.#probing = { done, stop };
  }

  async #ask(stop: AbortController): Promise<void> {
    const { probeTimeoutMs } = this.#settings;
    const late = () => new BackendError('timeout', `${this.#backend.name} did not answer within ${probeTimeoutMs} ms.`);
    const deadline = setTimeout(() => stop.abort(late()), probeTimeoutMs);
    try {
      await this.#backend.probe(stop.signal);
      await this.#probeSucceeded();
    } catch (error) {
      if (this.#active) this.#probeFailed(stop.signal.aborted ? stop.signal.reason : error);
    } finally {
      clearTimeout(deadline);
    }
  }

  async #probeSucceeded(): Promise<void> {
    const [wasUp, wasGone] = [this.up, this.#gone];
    [this.#answers, this.#late, this.#gone] = [true, 0, false];
    const open = this.#breaker.state !== CircuitState.Closed;
    // A new breaker, for the requests from before to have no say in it when they fail in the end.
    if (open && (wasGone || (await this.#hasCooledDown()))) this.#breaker = this.#newBreaker();
    if (this.up !== wasUp) this.#onChange();
  }

  async #hasCooledDown(): Promise<boolean> {
    try {
      await this.#breaker.execute(() => undefined);
      return true;
    } catch (error) {
      if (error instanceof BrokenCircuitError) return false;
      throw error;
    }
  }

  #probeFailed(cause: unknown): void {
    const error =
      cause instanceof BackendError
        ? cause
        : new BackendError('protocol', `The probe of ${this.#backend.name} failed.`, { cause });
    const wasOut = !this.up;
    if (error.kind !== 'timeout') this.#answers = false;
    else if (++this.#late >= lateProbesToLeave || this.#running === 0) this.#answers = false;
    else return;
    if (error.kind === 'unreachable') this.#gone = true;
    // The time of an outage is that of its beginning.
    if (wasOut && this.#lastError?.message === error.message) return;
    this.#note(error);
    this.#onChange();
  }
}
