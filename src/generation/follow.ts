import { beginning, type Position } from '../domain/cursor.ts';
import { isUnavailable } from '../domain/errors.ts';
import { type Generation, hasEnded } from '../domain/generation.ts';
import { isEnd, type LogEvent, merge, mostText, type NumberedEntry } from '../domain/merge.ts';
import { type Polled, type Waiter, waiting } from '../domain/polled.ts';
import type { Listener, Tail } from '../log/tail.ts';
import type { Tails } from '../log/tails.ts';
import type { Store } from '../store/store.ts';

/** A log that could not be read is asked again after this long. */
const readAgainMs = 500;

export interface FollowDeps {
  readonly store: Store;
  readonly tails: Tails;
}

/**
 * One reader of one log, by the stream contract. It holds a position and what was merged for the next few messages,
 * never a queue: what it misses while it is not asked waits in the log.
 */
export class Follower implements Polled<LogEvent>, Listener {
  readonly generation: Generation;
  readonly #deps: FollowDeps;
  #position: Position;
  /** Shared with others at the same place. */
  #ready: readonly LogEvent[] = nothing;
  #given = 0;
  #tail: Tail | undefined;
  #waiter: Waiter | undefined;
  /** Ends a wait within `#fill`. */
  #stir: (() => void) | undefined;
  #fetching = false;
  #failed: { readonly error: unknown } | undefined;
  /** Ends a wait for the tail. */
  #giveUp: (() => void) | undefined;
  #closed = false;
  #ended = false;

  constructor(deps: FollowDeps, generation: Generation, after: Position | undefined) {
    this.#deps = deps;
    this.generation = generation;
    this.#position = after ?? beginning('');
  }

  /** The next event; undefined after `ended`, and after `close`. */
  poll(waiter: Waiter): LogEvent | undefined | typeof waiting {
    this.#waiter = undefined;
    if (this.#failed) throw this.#failed.error;
    const event = this.#take();
    if (event || this.#closed || this.#ended) return event;
    this.#waiter = waiter;
    if (!this.#fetching && !this.#isAtEnd()) void this.#fetch();
    return waiting;
  }

  /** Ends it, and wakes who waits. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#giveUp?.();
    this.#stir?.();
    this.#awaken();
    this.#tail?.leave(this);
    if (this.#tail) this.#deps.tails.release(this.generation.id);
  }

  /** The tail has. */
  changed(): void {
    if (this.#fetching) this.#stir?.();
    else this.#awaken();
  }

  /** The next event, if it is at hand. */
  #take(): LogEvent | undefined {
    if (this.#closed || this.#ended) return undefined;
    if (this.#given === this.#ready.length) this.#accept(this.#merged());
    const event = this.#ready[this.#given];
    if (!event) return undefined;
    this.#given++;
    // Whoever reads slowly holds the message that is under way, and not what it was made of.
    if (this.#given === this.#ready.length) this.#accept(nothing);
    this.#ended = isEnd(event);
    return event;
  }

  #merged(): readonly LogEvent[] {
    const tail = this.#tail;
    const { epoch, offset } = this.#position;
    return (tail?.epoch === epoch && offset < tail.offset && tail.merged(this.#position)) || nothing;
  }

  #accept(events: readonly LogEvent[]): void {
    this.#ready = events;
    this.#given = 0;
    this.#position = events.at(-1)?.position ?? this.#position;
  }

  /** Whether all that is missing is the next entry. */
  #isAtEnd(): boolean {
    const tail = this.#tail;
    const { epoch, offset } = this.#position;
    return tail !== undefined && tail.epoch === epoch && tail.offset === offset && !tail.ended;
  }

  async #fetch(): Promise<void> {
    this.#fetching = true;
    try {
      await this.#fill();
    } catch (error) {
      this.#failed = { error };
    }
    this.#fetching = false;
    this.#awaken();
  }

  /** Gets what follows the position from where it is, or finds out what has become of the log. */
  async #fill(): Promise<void> {
    if (hasEnded(this.generation) && !this.#tail) return this.#acceptSettled(this.generation);
    const tail = this.#tail ?? (await this.#awaitTail());
    if (this.#closed || !tail) return;
    if (tail.epoch === undefined) return this.#withoutLog();
    if (tail.epoch !== this.#position.epoch) return this.#rewind(tail.epoch);
    const { offset } = this.#position;
    if (offset > tail.offset) return this.#ahead(tail);
    if (offset === tail.offset) return tail.ended ? this.close() : undefined;
    const events = tail.merged(this.#position) ?? (await this.#read(tail));
    if (events === 'away') return this.#changed(readAgainMs);
    if (events) this.#accept(events);
    // Gone, or begun anew, just now.
    else await tail.repair();
  }

  async #read(tail: Tail): Promise<readonly LogEvent[] | undefined | 'away'> {
    try {
      return await tail.read(this.#position);
    } catch (error) {
      if (isUnavailable(error)) return 'away';
      throw error;
    }
  }

  /** It has read more than the tail knows of: the tail is late, or the log has lost its end. */
  async #ahead(tail: Tail): Promise<void> {
    if (!(await tail.repair())) return this.#changed(readAgainMs);
    if (tail.epoch === this.#position.epoch && this.#position.offset > tail.offset) this.#rewind(tail.epoch);
  }

  /** Goes to the start of a log, and takes back what the reader has of another one: there may be no text in this one. */
  #rewind(epoch: string): void {
    const position = beginning(epoch);
    const noText = { at: this.generation.createdAt, position: 0, text: '', tokens: 0 };
    if (this.#position.length > 0) this.#accept([{ entry: { type: 'textAppended', ...noText }, position }]);
    this.#position = position;
  }

  /** The bus may be away, and the tail open only when it is back: undefined where it is closed before that. */
  async #awaitTail(): Promise<Tail | undefined> {
    const closing = Promise.withResolvers<undefined>();
    this.#giveUp = () => closing.resolve(undefined);
    const tail = await Promise.race([closing.promise, this.#openTail()]);
    this.#giveUp = undefined;
    return tail;
  }

  async #openTail(): Promise<Tail> {
    const tail = await this.#deps.tails.open(this.generation.id);
    if (this.#closed) {
      this.#deps.tails.release(this.generation.id);
    } else {
      this.#tail = tail;
      tail.join(this);
    }
    return tail;
  }

  /** There is no log: not yet, or no more because the store has it all. */
  async #withoutLog(): Promise<void> {
    const changed = this.#changed();
    const [generation] = await this.#deps.store.generations.byIds([this.generation.id]);
    if (!generation) return this.close();
    if (hasEnded(generation)) this.#acceptSettled(generation);
    else await changed;
  }

  /** Calls who waits, once. */
  #awaken(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.wake();
  }

  /** Resolves when the tail has changed, or after `ms`. */
  async #changed(ms?: number): Promise<void> {
    if (this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stir = resolve;
    const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }

  #acceptSettled(generation: Generation): void {
    const { course } = generation;
    if (course && course.epoch !== this.#position.epoch) {
      this.#rewind(course.epoch);
    } else {
      const events = merge(settledEntries(generation, this.#position), this.#position);
      if (events.length > 0) this.#accept(events);
      else this.close();
    }
  }
}

const nothing: readonly LogEvent[] = [];

/** What a generation's row tells of its log to a reader of it at a position, once the log itself is gone. */
function* settledEntries(generation: Generation, { offset: after, length }: Position): Iterable<NumberedEntry> {
  const { course, status, finishReason, usage, error, endedAt, createdAt, startedAt, firstTokenAt, text } = generation;
  if (!course || !usage || !finishReason || endedAt === null || status === 'QUEUED' || status === 'RUNNING') return;
  if (after >= course.offset) return;
  const attempts = course.attempts.filter(({ offset }) => offset > after);
  if (after < 1) yield { offset: 1, entry: { type: 'queued', at: createdAt } };
  for (const { offset, ...attempt } of attempts) {
    yield { offset, entry: { type: 'attemptStarted', at: startedAt ?? endedAt, keptTokens: 0, ...attempt } };
  }
  const at = firstTokenAt ?? endedAt;
  // A place in the midst of the text, where the log has another offset: whoever comes to the log with this one is told a
  // part twice.
  const within = Math.max(after, 1, ...attempts.map(({ offset }) => offset));
  for (let position = Math.min(length, ...attempts.map(({ keptLength }) => keptLength)); position < text.length; ) {
    const end = endOfPiece(text, position);
    const offset = end < text.length ? within : course.offset - 1;
    const piece = { position, text: text.slice(position, end), tokens: usage.completionTokens };
    yield { offset, entry: { type: 'textAppended', at, ...piece } };
    position = end;
  }
  const ended = { at: endedAt, status, finishReason, usage, error };
  yield { offset: course.offset, entry: { type: 'ended', ...ended } };
}

/** Where the event ends that tells the text from `position` on: not within a surrogate pair. */
function endOfPiece(text: string, position: number): number {
  const end = (Math.floor(position / mostText) + 1) * mostText;
  return /^[\uD800-\uDBFF]$/.test(text.charAt(end - 1)) ? end + 1 : end;
}
