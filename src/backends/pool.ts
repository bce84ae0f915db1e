import { heeding } from '../domain/heeding.ts';
import type { Model } from '../domain/model.ts';
import { type Backend, BackendError } from './backend.ts';
import { Health, type HealthSettings } from './health.ts';
import { nameOfSlots, ownSlots, type Slot, type Slots } from './slots.ts';
import { type Avoided, Waiter } from './waiter.ts';

/** So long a backend that other processes keep busy is passed over before it is asked again. */
const crowdedMs = 200;

export interface PooledBackend {
  readonly backend: Backend;
  /** How many requests it is given at once; at least 1. */
  readonly concurrency: number;
}

export interface PoolOptions extends Partial<HealthSettings> {
  readonly modelId: string;
  /** At least one; their names are unique. */
  readonly backends: readonly PooledBackend[];
  /** Where other processes use the same backends: what makes the limits hold for all of them together. */
  readonly slots?: Slots;
  /** Called soon after every change, never in the middle of a call of the pool; several changes may come as one. Must not throw. */
  readonly onChange?: (state: PoolState) => void;
}

/** `ONLINE`: all backends are up; `DEGRADED`: some; `OFFLINE`: none. */
export type PoolState = Pick<Model, 'status' | 'onlineSince' | 'backends'>;

export interface AcquireOptions {
  /**
   * Name of the backend that has just failed: it is taken only where no other one has room, and not before a probe of it
   * that began since then is over.
   */
  readonly avoid?: string | undefined;
  /** How long to wait, in ms, while no backend is up at all; for ever where left out. The time begins anew whenever one comes up. */
  readonly unavailableTimeoutMs?: number | undefined;
  /** Since when the request has been waiting, also elsewhere, in ms since 1970; now where left out. */
  readonly waitingSince?: number | undefined;
  readonly signal: AbortSignal;
}

/** A backend's place for one request. Whoever has it must end it. */
export interface Lease {
  readonly backend: Backend;
  /**
   * Gives the place back, and tells how it went: nothing where the request succeeded, else what it threw. Errors other
   * than a `BackendError` (a cancel, a log that refused) are not held against the backend. Only the first call counts.
   */
  end(error?: unknown): void;
}

interface Member extends PooledBackend {
  readonly health: Health;
  /** Number of the last lease: among equally busy backends the one that has waited longest is taken. */
  lastLease: number;
  /** Whether other processes were found to have all of its places, just now. */
  crowded: boolean;
}

interface Place {
  readonly member: Member;
  readonly lease: Lease;
}

/** The backends of one model: which one gets the next request, how many at once, and which ones are up. */
export class Pool {
  /** How many requests the backends take at once, all together. */
  readonly capacity: number;
  readonly #modelId: string;
  readonly #members: readonly Member[];
  readonly #slots: Slots;
  readonly #onChange: (state: PoolState) => void;
  readonly #line = new Set<Waiter<Place>>();
  #onlineSince: number | null = Date.now();
  #downSince: number | null = null;
  #leases = 0;
  #arrivals = 0;
  #telling = false;
  #closed = false;

  constructor({ modelId, backends, slots = ownSlots, onChange = () => {}, ...settings }: PoolOptions) {
    const { probeIntervalMs = 1_000, probeTimeoutMs = 700 } = settings;
    const { failuresToOpen = 3, coolDownMs = 5_000, longestRestMs = 60_000 } = settings;
    const healthSettings = { probeIntervalMs, probeTimeoutMs, failuresToOpen, coolDownMs, longestRestMs };
    check(modelId, backends);
    this.#members = backends.map(({ backend, concurrency }) => {
      const health = new Health(backend, healthSettings, () => this.#changed());
      return { backend, concurrency, health, lastLease: 0, crowded: false };
    });
    this.capacity = backends.reduce((sum, { concurrency }) => sum + concurrency, 0);
    this.#modelId = modelId;
    this.#slots = slots;
    this.#onChange = onChange;
  }

  /** Starts probing: without it nothing that is out comes back, and nothing rests. Resolves once each was probed. */
  async start(): Promise<void> {
    if (this.#closed) return;
    await Promise.all(this.#members.map(({ health }) => health.start()));
  }

  /** Sends those away who wait, and resolves when no probe and no timer is left. Leases go on until they are ended. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#line) waiter.sendAway(this.#closedError());
    await Promise.all(this.#members.map(({ health }) => health.close()));
  }

  state(): PoolState {
    const up = this.#members.filter(({ health }) => health.up).length;
    return {
      status: up === 0 ? 'OFFLINE' : up < this.#members.length ? 'DEGRADED' : 'ONLINE',
      onlineSince: this.#onlineSince,
      backends: this.#members.map(({ backend: { name, kind }, concurrency, health }) => {
        const { running, lastError } = health;
        return { name, kind, status: health.up ? 'ONLINE' : 'OFFLINE', running, concurrency, lastError };
      }),
    };
  }

  /**
   * A place on the backend that is ready and least busy for its size. Where all are full, down or at rest it waits in
   * line: first come, first served, also where other processes turned out to have the place.
   *
   * @throws BackendError of kind `unavailable` when none was up for `unavailableTimeoutMs`, or the pool is closed; the
   *   signal's reason when `signal` was aborted.
   */
  async acquire(options: AcquireOptions): Promise<Lease> {
    const arrival = ++this.#arrivals;
    const failed = this.#members.find(({ backend }) => backend.name === options.avoid);
    const avoid = failed && { name: failed.backend.name, failures: failed.health.failures };
    for (;;) {
      const { member, lease } = await this.#acquireHere(options, arrival, avoid);
      const { name } = member.backend;
      const taking = this.#slots.take(nameOfSlots(this.#modelId, name), member.concurrency);
      try {
        const slot = await heeding(options.signal, taking);
        if (slot) return withSlot(lease, slot);
      } catch (error) {
        lease.end(error);
        // Nobody wants it now. Where it could not be had either there is nothing to give back.
        taking.then((slot) => slot?.release()).catch(() => {});
        throw error;
      }
      lease.end(new Error(`Other processes have all places of ${name}.`));
      this.#passOver(member);
    }
  }

  #passOver(member: Member): void {
    member.crowded = true;
    setTimeout(() => {
      member.crowded = false;
      this.#serve();
    }, crowdedMs).unref();
  }

  /** A place as far as this process knows. */
  async #acquireHere(options: AcquireOptions, arrival: number, avoid: Avoided | undefined): Promise<Place> {
    const { unavailableTimeoutMs = Number.POSITIVE_INFINITY, waitingSince = Date.now(), signal } = options;
    signal.throwIfAborted();
    if (this.#closed) throw this.#closedError();
    const onTimeout = () => this.#unavailableError(unavailableTimeoutMs);
    const waiter = new Waiter(this.#line, {
      arrival,
      avoid,
      timeoutMs: unavailableTimeoutMs,
      since: waitingSince,
      onTimeout,
      signal,
    });
    this.#serve();
    return waiter.served;
  }

  #changed(): void {
    const isUp = this.#isUp();
    this.#onlineSince = isUp ? (this.#onlineSince ?? Date.now()) : null;
    this.#downSince = isUp ? null : (this.#downSince ?? Date.now());
    this.#serve();
    this.#tell();
  }

  /** Gives what is free to those who wait, the first one first. */
  #serve(): void {
    const isUp = this.#isUp();
    for (const waiter of this.#line) {
      const member = this.#choose(waiter.avoid);
      if (member) waiter.serve(this.#lend(member));
      else waiter.setClock(isUp ? null : this.#downSince);
    }
  }

  #isUp(): boolean {
    return this.#members.some(({ health }) => health.up);
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      if (!this.#closed) this.#onChange(this.state());
    });
  }

  /** Another one than the one to avoid, if it has room; that one rather than none. */
  #choose(avoid: Avoided | undefined): Member | undefined {
    let best: Member | undefined;
    const rank = ({ backend }: Member) => (backend.name === avoid?.name ? 1 : 0);
    for (const member of this.#members) {
      if (!member.health.ready || member.crowded || load(member) >= 1) continue;
      if (avoid && rank(member) > 0 && !member.health.hasProbed(avoid.failures)) continue;
      if (!best || rank(member) - rank(best) < 0 || (rank(member) === rank(best) && compare(member, best) < 0))
        best = member;
    }
    return best;
  }

  #lend(member: Member): Place {
    const { backend, health } = member;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    member.lastLease = ++this.#leases;
    // Whoever is next gets the place once the breaker knows how this request went.
    health.watch(promise).then(() => this.#changed());
    this.#tell();
    return { member, lease: { backend, end: (error) => (error === undefined ? resolve() : reject(error)) } };
  }

  #closedError(): BackendError {
    return new BackendError('unavailable', `The pool of ${this.#modelId} is closed.`);
  }

  #unavailableError(ms: number): BackendError {
    // What is wrong with each is not for everybody: `Model.backends` tells admins.
    return new BackendError('unavailable', `No backend of ${this.#modelId} has been up for ${ms / 1000} s.`);
  }
}

function withSlot({ backend, end }: Lease, slot: Slot): Lease {
  return {
    backend,
    end(error) {
      slot.release();
      end(error);
    },
  };
}

const load = ({ health, concurrency }: Member): number => health.running / concurrency;
const compare = (a: Member, b: Member): number => load(a) - load(b) || a.lastLease - b.lastLease;

function check(modelId: string, backends: readonly PooledBackend[]): void {
  if (backends.length === 0) throw new RangeError(`${modelId} has no backend.`);
  const names = new Set(backends.map(({ backend }) => backend.name));
  if (names.size < backends.length) throw new RangeError(`${modelId} has two backends of the same name.`);
  const odd = backends.find(({ concurrency }) => !(Number.isInteger(concurrency) && concurrency > 0));
  if (odd)
    throw new RangeError(`${odd.backend.name} can run ${odd.concurrency} requests at once: not a whole number from 1.`);
}
