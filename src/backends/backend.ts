import type { FinishReason, TokenUsage } from '../domain/entry.ts';
import type { ChatMessage, Sampling } from '../domain/generation.ts';

/** One place where a model runs: a URL, or a model in this process. Health, concurrency and retries are the pool's. */
export interface Backend {
  /** Unique within the model. */
  readonly name: string;
  /** What it speaks: `ngram`, `openai`. */
  readonly kind: string;
  /** Whether it takes a `prefix`. Where not, an answer that broke off starts again: `generate` throws a TypeError on one. */
  readonly continues: boolean;

  /**
   * Runs the model once: gives its text to `onDelta`, in order, and resolves with how it ended. Where `onDelta` gives a
   * promise, nothing more is given until that is fulfilled; where that rejects, the run ends with its reason.
   *
   * Where `prefix` is not empty the text continues it, without repeating it, and `maxTokens` counts what is
   * still to come. It may be 0: an earlier attempt died with the answer complete, and there is only the end to tell,
   * with what usage is known without asking a server. Never resolves for a stream that broke off: that rejects.
   *
   * @throws BackendError for everything that can go wrong; the signal's reason when `signal` was aborted, and then
   *   the request is closed at once.
   */
  generate(request: BackendRequest, onDelta: OnDelta, signal: AbortSignal): Promise<BackendEnd>;

  /** Asks whether it could serve now. Costs it next to nothing. @throws BackendError where it could not. */
  probe(signal: AbortSignal): Promise<void>;
}

export interface BackendRequest {
  /** The same in every attempt of a generation, another in each generation: chance may hang on it. */
  readonly generationId: string;
  /** The conversation, oldest first; at least one message. */
  readonly messages: readonly ChatMessage[];
  readonly parameters: Sampling;
  /** The beginning of the answer, written by an earlier attempt; empty on the first. */
  readonly prefix: string;
  /** Tokens in `prefix`, as the earlier attempts counted them. */
  readonly prefixTokens: number;
}

/**
 * Takes text as it comes: not empty, and never ending within a surrogate pair.
 * @param tokens how many tokens it is, at least 1; where the backend does not tell, one for each of its own deltas
 */
export type OnDelta = (text: string, tokens: number) => Promise<void> | undefined;

export interface BackendEnd {
  readonly finishReason: FinishReason;
  /** Of this run alone, `prefix` counted as prompt, as the backend reported it; null where it did not. */
  readonly usage: TokenUsage | null;
}

/**
 * Why a run failed.
 * - `unreachable`: no connection, or it broke off. `unavailable`: it answered that it can't serve now (5xx, 429),
 *   or not from here (401, 403, 404).
 * - `timeout`: no first token, or no next one, in time. `truncated`: the stream ended before the answer did.
 * - `protocol`: it answered something that can't be understood. `refused`: it will never take this request (4xx).
 */
export type BackendErrorKind = 'unreachable' | 'unavailable' | 'timeout' | 'truncated' | 'protocol' | 'refused';

/** Everything that a backend throws. All kinds but `refused` are worth another attempt. */
export class BackendError extends Error {
  readonly kind: BackendErrorKind;
  /** How long the backend asked to be left alone, in milliseconds (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(kind: BackendErrorKind, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, { cause: options.cause });
    this.name = 'BackendError';
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return this.kind !== 'refused';
  }
}
