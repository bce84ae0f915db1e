import { randomUUID } from 'node:crypto';
import type { EndedEntry, Entry } from '../domain/entry.ts';

/**
 * The logs of all generations: ordered, durable, append-only.
 *
 * Appending publishes: when `append` has written, it sends a `LogMessage` on `logTopic(id)`, and never before; where that
 * is not text alone, on `turnsTopic(id)` too.
 * Where the logs are away for now, every method throws MillraceError `UNAVAILABLE`.
 */
export interface Log {
  /**
   * Writes `entries` at the end of the log, all or none, and resolves when they are durable.
   *
   * The fence: the log must be the one that `after` names, and end just there, in that attempt. So nothing that another
   * one wrote is overlooked, not even where the log was lost and begun anew. With null, the entries (`queued` first)
   * begin the log under `epoch`; where there is one already it changes nothing. Without entries `append` only finds
   * out whether the log ends there.
   *
   * A log that has lost its end is `shortened` to whoever wrote that, and from then on has another epoch: what comes
   * there now is not what cursors of the lost part mean.
   *
   * @throws AppendRefused where the fence, an earlier `ended`, or the want of a log or its end forbids it: nothing was
   *   written;
   *   `UNAVAILABLE` where the logs are away for now: whether something was written is not known.
   */
  append(id: string, after: Place | null, entries: readonly Entry[], epoch?: string): Promise<void>;

  /** Where each of the logs stands; a log that does not exist is missing from the answer. */
  heads(ids: readonly string[]): Promise<Map<string, Head>>;

  /**
   * The entries of each log after the offset given for it (0: from the start), in order; of one log at most about
   * `bytes` at once, 4 MiB where that is left out, and then `more` is true. A log that does not exist is missing from the
   * answer.
   */
  read(after: ReadonlyMap<string, number>, bytes?: number): Promise<Map<string, ReadSlice>>;

  /**
   * Lets go of a log `afterMs` from now, or a little later. Called once the store has its text, or needs it no more; a
   * log that has ended goes after a week also where nobody calls.
   */
  retire(id: string, afterMs: number): Promise<void>;
}

/** An end of a log, as one who has read it knows it. */
export interface Place {
  /** The log's own name: a log that was lost and begun anew has another. */
  readonly epoch: string;
  /** Offset of the last entry. */
  readonly offset: number;
  /** The current attempt; 0 before the first. Of a log that lost its end the offset alone would not tell who went on. */
  readonly attempt: number;
}

/** A log's present end, kept beside it so that nobody must read it whole. */
export interface Head extends Place {
  readonly startedAt: number | null;
  readonly firstTokenAt: number | null;
  readonly ended: EndedEntry | null;
}

/** Consecutive entries; the first one has the offset `after + 1`. */
export interface Slice {
  readonly epoch: string;
  readonly after: number;
  readonly entries: readonly Entry[];
}

export type ReadSlice = Slice & { readonly more: boolean };

/** How long a log that has ended waits for the store, in ms. */
export const endedLifeMs = 7 * 24 * 3_600_000;

/** What `append` publishes: just the slice that was written. */
export type LogMessage = Slice;

/** In braces, so that a cluster keeps the topic where the log is. */
export const logTopic = (id: string): string => `log:{${id}}`;

/** For who runs a generation, and is to hear only of others: that they end it, or take it over. */
export const turnsTopic = (id: string): string => `${logTopic(id)}:turns`;

/** Another name for a log at each call. */
export const newEpoch = (): string => randomUUID().slice(-12);

/**
 * Why an append was refused: somebody else has written, the log has ended, there is none, or it has lost its end, as it
 * may in a Redis that comes back without its last second.
 */
export type RefusalReason = 'superseded' | 'ended' | 'missing' | 'shortened';

export class AppendRefused extends Error {
  readonly reason: RefusalReason;

  constructor(id: string, reason: RefusalReason) {
    super(`The log of ${id} refuses the entries: ${reason}`);
    this.name = 'AppendRefused';
    this.reason = reason;
  }
}
