import { setTimeout as sleep } from 'node:timers/promises';
import { type Backend, type BackendEnd, BackendError, type BackendRequest } from '../backends/backend.ts';
import type { Lease, Pool } from '../backends/pool.ts';
import type { EndedEntry } from '../domain/entry.ts';
import { isUnavailable } from '../domain/errors.ts';
import { type Generation, hasEnded } from '../domain/generation.ts';
import { Progress } from '../domain/progress.ts';
import { AppendRefused, type LogMessage, type RefusalReason, turnsTopic } from '../log/log.ts';
import type { Job } from '../queue/queue.ts';
import { tellGeneration } from './changes.ts';
import { completed, failed, failedWithout } from './end.ts';
import { readProgress } from './read.ts';
import { retryDelay } from './retry.ts';
import { type SettleDeps, settle } from './settle.ts';
import { Writer } from './writer.ts';

export interface RunnableModel {
  readonly pool: Pool;
  /** How long a generation waits while no backend is up, in ms. */
  readonly queueTimeoutMs: number;
  /** How often in a row it may fail before it ends as `FAILED`. */
  readonly maxAttempts: number;
}

export interface RunDeps extends SettleDeps {
  readonly models: ReadonlyMap<string, RunnableModel>;
  readonly batchIntervalMs: number;
  /** Told of what went wrong where no caller is left to tell. */
  readonly onError: (error: unknown, generationId: string) => void;
  readonly now?: () => number;
}

/**
 * Takes a generation from where its log stands to its end, over as many attempts and backends as it needs. When
 * `signal` is aborted it lets go, all received text in the log, for the next `run` to go on. Rejects where it could
 * not go on, having told `onError`: then it is to be run again.
 */
export async function run(deps: RunDeps, job: Job, signal: AbortSignal): Promise<void> {
  try {
    const { generations } = deps.store;
    // At once: what the records are asked one after the other waits for the disk each time.
    const prompt = generations.prompt(job.id);
    // Of those that are deleted or have ended nobody wants it.
    prompt.catch(() => {});
    const [generation] = await generations.byIds([job.id]);
    // Deleted with its conversation: a log that was begun at that moment is nobody's.
    if (!generation) return await deps.log.retire(job.id, 0);
    // Settled, by one who may have failed just before this last step.
    if (hasEnded(generation)) return await deps.log.retire(job.id, deps.logRetentionMs);
    // Where the log has gone on all the same, the first append finds it out.
    const isNew = job.epoch !== undefined && generation.attempts === 0;
    const progress = isNew ? justBegun(job.epoch, generation.createdAt) : await openLog(deps, job.id);
    if (progress.ended) return await settle(deps, generation, progress);
    const model = deps.models.get(generation.modelId);
    if (model) await new Run(deps, generation, model, progress, signal).finish(prompt);
    else await failUnconfigured(deps, generation, progress);
  } catch (error) {
    if (error === signal.reason) return;
    if (error instanceof AppendRefused) {
      // Where the log itself or its end is gone, the queue may be too: nobody else is told to go on. And who has ended
      // it may have died before its row was settled. Otherwise somebody else has taken over.
      const { id, modelId } = job;
      if (error.reason !== 'superseded') return run(deps, { id, modelId }, signal);
      return;
    }
    deps.onError(error, job.id);
    throw error;
  }
}

/** A log as `submit` begins it, which may be on its way to the disk. */
function justBegun(epoch: string, at: number): Progress {
  const progress = new Progress(epoch);
  progress.apply({ type: 'queued', at });
  return progress;
}

async function openLog({ log, now = Date.now }: RunDeps, id: string) {
  const found = (await readProgress(log, [id])).get(id);
  if (found) return found;
  await log.append(id, null, [{ type: 'queued', at: now() }]);
  const created = (await readProgress(log, [id])).get(id);
  if (!created) throw new Error(`The log of ${id} is gone.`);
  return created;
}

/** Ends a generation whose model was taken out of the configuration. */
async function failUnconfigured(deps: RunDeps, generation: Generation, progress: Progress): Promise<void> {
  const { log, now = Date.now } = deps;
  const ended = failedWithout(`The model ${generation.modelId} is not configured any more.`, progress, now());
  await log.append(generation.id, progress, [ended]);
  progress.apply(ended);
  await settle(deps, generation, progress);
}

/** A run that has not written for so long looks whether it still has a log to write to: a cancel must reach it in 1 s. */
const lookMs = 500;

/** What an attempt keeps that begins the answer again. */
const nothing = { text: '', tokens: 0 };

class Run {
  readonly #deps: RunDeps;
  readonly #generation: Generation;
  readonly #model: RunnableModel;
  readonly #writer: Writer;
  readonly #handover: AbortSignal;
  readonly #stop = new AbortController();
  readonly #now: () => number;
  /** Number of the attempt that it began last, or is about to: any greater one is somebody else's. */
  #begun: number;
  /** Whether the records know of all attempts so far, or were told in vain. */
  #noted = Promise.resolve();
  /** Whether the next attempt may go on from the text so far, where its backend can. */
  #goesOn = true;

  constructor(deps: RunDeps, generation: Generation, model: RunnableModel, progress: Progress, handover: AbortSignal) {
    this.#deps = deps;
    this.#generation = generation;
    this.#model = model;
    this.#handover = handover;
    this.#begun = progress.attempt;
    this.#now = deps.now ?? Date.now;
    const onError = (error: unknown) => this.#stop.abort(error);
    const { log, batchIntervalMs: intervalMs } = deps;
    const options = { log, id: generation.id, progress, intervalMs, onError, signal: handover, now: this.#now };
    this.#writer = new Writer(options);
  }

  async finish(prompt: Promise<BackendRequest['messages']>): Promise<void> {
    const signal = AbortSignal.any([this.#handover, this.#stop.signal]);
    // Not waited for: what comes before is seen when the attempt is begun, or by a look.
    const watching = this.#watch();
    // It fails only where the bus is closed: whoever closed it knows.
    watching.catch(() => {});
    // Also where it comes late.
    const unwatch = () => void watching.then((unsubscribe) => unsubscribe()).catch(() => {});
    const look = setInterval(() => void this.#lookAtHead(), lookMs);
    try {
      const ended = await this.#attempts(await prompt, signal);
      // Not to be told of its own end. Another's refuses this one.
      unwatch();
      await this.#writer.end(ended);
      await this.#noted;
      await settle(this.#deps, this.#generation, this.#writer.progress);
    } finally {
      clearInterval(look);
      unwatch();
      this.#writer.stop();
      await this.#noted;
    }
  }

  /** Stops the run when somebody else ends the generation (cancel) or starts a later attempt. */
  #watch(): Promise<() => void> {
    const { id } = this.#generation;
    return this.#deps.bus.subscribe(turnsTopic(id), (message) => {
      if (message === undefined) return void this.#lookAtHead();
      for (const entry of (message as LogMessage).entries) {
        if (entry.type === 'ended') this.#stopFor('ended');
        if (entry.type === 'attemptStarted') this.#stopIfLater(entry.attempt);
      }
    });
  }

  /** The bus may have lost the very message that would have stopped this run; a run that writes learns it by that. */
  async #lookAtHead(): Promise<void> {
    const { id } = this.#generation;
    if (this.#now() - this.#writer.wroteAt < lookMs) return;
    // Of now: while it looks, more may be written.
    const { epoch, offset, attempt } = this.#writer.progress;
    try {
      const head = (await this.#deps.log.heads([id])).get(id);
      if (head?.epoch !== epoch) this.#stopFor('missing');
      else if (head.ended) this.#stopFor('ended');
      else if (head.offset < offset) await this.#deps.log.append(id, { epoch, offset, attempt }, []);
      else this.#stopIfLater(head.attempt);
    } catch (error) {
      if (error instanceof AppendRefused) this.#stop.abort(error);
      else if (!isUnavailable(error)) this.#deps.onError(error, id);
    }
  }

  #stopIfLater(attempt: number): void {
    if (attempt > this.#begun) this.#stopFor('superseded');
  }

  #stopFor(reason: RefusalReason): void {
    this.#stop.abort(new AppendRefused(this.#generation.id, reason));
  }

  async #attempts(messages: BackendRequest['messages'], signal: AbortSignal): Promise<EndedEntry> {
    let avoid: string | undefined;
    for (let failures = 0; ; ) {
      const before = this.#writer.progress.text.length;
      let lease: Lease | undefined;
      try {
        const unavailableTimeoutMs = this.#model.queueTimeoutMs;
        // The first attempt has waited since it was accepted, in whatever line.
        const waitingSince = this.#writer.progress.attempt === 0 ? this.#generation.createdAt : undefined;
        lease = await this.#model.pool.acquire({ avoid, unavailableTimeoutMs, waitingSince, signal });
        return await this.#attempt(lease, messages, signal);
      } catch (error) {
        const failure = this.#failure(error, signal);
        failures = this.#writer.progress.text.length > before ? 1 : failures + 1;
        const { progress } = this.#writer;
        if (lease === undefined) return failedWithout(failure.message, progress, this.#now());
        const final = !failure.retryable || failures >= this.#model.maxAttempts;
        if (final) return failed(failure, progress, this.#now());
        avoid = lease.backend.name;
        await sleep(retryDelay(failures), undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }
  }

  /** What went wrong with an attempt. @throws what is no failure of a backend, and the signal's reason */
  #failure(error: unknown, signal: AbortSignal): BackendError {
    if (!(error instanceof BackendError)) throw error;
    signal.throwIfAborted();
    const { attempts, text } = this.#writer.progress;
    const keptLength = attempts.at(-1)?.keptLength ?? 0;
    if (error.retryable || keptLength === 0 || text.length > keptLength) return error;
    // The question was taken before: it is its continuation that is refused, and that is no fault of the input.
    this.#goesOn = false;
    return new BackendError('unavailable', error.message, { cause: error });
  }

  async #attempt(lease: Lease, messages: BackendRequest['messages'], signal: AbortSignal): Promise<EndedEntry> {
    const { backend } = lease;
    const { progress } = this.#writer;
    try {
      // It may have come while the place was asked for.
      signal.throwIfAborted();
      this.#begun = progress.attempt + 1;
      const kept = backend.continues && this.#goesOn ? { text: progress.text, tokens: progress.tokens } : nothing;
      // Neither is waited for: the model is asked meanwhile, and what it says is written after.
      const begun = this.#writer.begin(backend.name, kept.text.length);
      this.#noted = Promise.all([this.#noted, begun]).then(() => this.#started());
      const end = await this.#stream(backend, messages, kept, signal);
      lease.end();
      return completed(end, progress, this.#now());
    } catch (error) {
      lease.end(error);
      // Whatever was received before it broke off is kept: the next attempt goes on from there.
      await this.#writer.flush();
      throw error;
    }
  }

  async #stream(
    backend: Backend,
    messages: BackendRequest['messages'],
    { text: prefix, tokens: prefixTokens }: typeof nothing,
    signal: AbortSignal,
  ): Promise<BackendEnd> {
    const { id: generationId, parameters } = this.#generation;
    const { maxTokens, ...others } = parameters;
    const left = maxTokens === undefined ? {} : { maxTokens: Math.max(0, maxTokens - prefixTokens) };
    const request = { generationId, messages, prefix, prefixTokens, parameters: { ...others, ...left } };
    const end = await backend.generate(request, (text, tokens) => this.#writer.write(text, tokens), signal);
    await this.#writer.close();
    return end;
  }

  /** Notes in the records what the log says already: where they are away, the attempt goes on without. */
  async #started(): Promise<void> {
    const { store, bus, onError } = this.#deps;
    const { id } = this.#generation;
    if (this.#stop.signal.aborted) return;
    try {
      await store.generations.start(id, this.#writer.progress.attempt, this.#now());
      await tellGeneration(bus, this.#generation);
    } catch (error) {
      onError(error, id);
    }
  }
}
