import type { Position } from '../domain/cursor.ts';
import type { LogEvent } from '../domain/merge.ts';
import type { FarReads } from './far-reads.ts';
import type { Head, Log, LogMessage, Slice } from './log.ts';
import { Window } from './window.ts';

/**
 * So many readers are told of a change in one turn of the event loop. libuv takes one new connection in each: the shorter the
 * turns, the sooner are those in who come back, and with 16 the turns themselves cost no hundredth.
 */
const toldAtOnce = 16;

/** Reads a log. */
export interface Listener {
  /** Called after every change of the tail's `epoch` or `offset`, and now and then where there is no log. */
  changed(): void;
}

interface TailOptions {
  readonly id: string;
  readonly log: Log;
  readonly far: FarReads;
  readonly now: number;
  /** Told of a log that could not be read; the tail asks it again by itself. */
  readonly onError: (error: unknown) => void;
}

/**
 * The one follower of one log in this process. It holds the log's newest entries, in order and without a gap,
 * and tells its readers when there are more.
 */
export class Tail {
  readonly id: string;
  readonly #log: Log;
  readonly #onError: (error: unknown) => void;
  readonly #readers = new Set<Listener>();
  readonly #window = new Window();
  readonly #far: FarReads;
  #ended = false;
  /** Those who are still to be told of a change. */
  #untold: Iterator<Listener> | undefined;
  #tellAgain = false;
  #repairing: Promise<boolean> | undefined;
  #repairAgain = false;
  /** When it last heard of the log, or asked it; long ago where it could not. */
  heardAt: number;

  constructor({ id, log, far, now, onError }: TailOptions) {
    this.id = id;
    this.#log = log;
    this.#far = far;
    this.#onError = onError;
    this.heardAt = now;
  }

  /** Which log it follows; undefined where there is none: not yet, or no more. */
  get epoch(): string | undefined {
    return this.#window.epoch;
  }

  /** The offset of the newest entry. */
  get offset(): number {
    return this.#window.offset;
  }

  /** Whether the newest entry is the last one. */
  get ended(): boolean {
    return this.#ended;
  }

  /** From now on it is told of changes, until it leaves. */
  join(reader: Listener): void {
    this.#readers.add(reader);
  }

  leave(reader: Listener): void {
    this.#readers.delete(reader);
  }

  /** The entries after `after` from memory; undefined where it does not have them all. */
  since(after: number): Slice | undefined {
    return this.#window.since(after);
  }

  /** What follows a position, merged: the same events for all who ask before more comes. Undefined where it is to be read. */
  merged(position: Position): readonly LogEvent[] | undefined {
    return this.#window.merged(position);
  }

  /**
   * The same from the log itself; undefined where the log is gone, or another one. @throws what `Log.read` does
   */
  async read(position: Position): Promise<readonly LogEvent[] | undefined> {
    const events = await this.#far.merged(this.id, position);
    return position.epoch === this.epoch ? events : undefined;
  }

  /** Takes what the bus brought; undefined where something may have been lost on the way. */
  receive(message: LogMessage | undefined, now: number): void {
    this.heardAt = now;
    if (message === undefined) return void this.repair();
    if (message.epoch === this.epoch && message.after + message.entries.length <= this.offset) return;
    if (message.epoch === this.epoch && message.after === this.offset && !this.#repairing) this.#extend(message);
    else void this.repair();
  }

  #extend({ entries }: Slice): void {
    this.#window.extend(entries);
    this.#ended = entries.at(-1)?.type === 'ended';
    this.#tell();
  }

  /**
   * Tells the readers that something has changed, the first of them now. Where they are thousands others have their turn in
   * between: whoever comes, or asks something else, does not wait for all of them, and they get what comes meanwhile with it.
   */
  #tell(): void {
    this.#tellAgain = this.#untold !== undefined;
    if (this.#tellAgain) return;
    this.#untold = this.#readers.values();
    this.#tellSome();
  }

  #tellSome(): void {
    for (let told = 0; told < toldAtOnce; told++) {
      const { value: reader, done } = this.#untold?.next() ?? { done: true, value: undefined };
      if (done) {
        this.#untold = undefined;
        if (this.#tellAgain) this.#tell();
        return;
      }
      reader.changed();
    }
    setImmediate(() => this.#tellSome());
  }

  /** Catches up with the log itself, and resolves to whether it could: a log that can't be read now is asked again soon. */
  repair(): Promise<boolean> {
    this.#repairAgain = true;
    this.#repairing ??= this.#catchUp();
    return this.#repairing;
  }

  async #catchUp(): Promise<boolean> {
    let done = false;
    while (this.#repairAgain) {
      this.#repairAgain = false;
      try {
        await this.#readOn();
        done = true;
      } catch (error) {
        done = false;
        this.heardAt = Number.NEGATIVE_INFINITY;
        this.#onError(error);
      }
    }
    // In the turn of the last look: whoever asks from here on needs a look of its own.
    this.#repairing = undefined;
    return done;
  }

  async #readOn(): Promise<void> {
    const head = (await this.#log.heads([this.id])).get(this.id);
    // A log that has lost its end, as a store may that is not durable to the last write, is another log too.
    if (!head || head.epoch !== this.epoch || head.offset < this.offset) this.#begin(head);
    while (head && this.offset < head.offset) {
      const slice = (await this.#log.read(new Map([[this.id, this.offset]]))).get(this.id);
      if (!slice?.entries.length || slice.epoch !== this.epoch) break;
      this.#extend(slice);
    }
  }

  /** Starts at the end of a log. */
  #begin(head: Head | undefined): void {
    this.#window.begin(head?.epoch, head?.offset ?? 0);
    this.#ended = head?.ended != null;
    this.#tell();
  }
}
