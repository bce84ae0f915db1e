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
   * Runs the model once. Yields deltas in order, each at least one token, then one `end` as the last part.
   * Where `prefix` is not empty the deltas continue it, without repeating it, and `maxTokens` counts what is
   * still to come. It may be 0: an earlier attempt died with the answer complete, and there is only the `end` to give,
   * with what usage is known without asking a server. Never ends without an `end` part: a stream that breaks off throws.
   *
   * @throws BackendError for everything that can go wrong; the signal's reason when `signal` was aborted, and then
   *   the request is closed at once.
   */
  generate(request: BackendRequest, signal: AbortSignal): AsyncIterable<BackendPart>;

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

export type BackendPart = BackendDelta | BackendEnd;

export interface BackendDelta {
  readonly type: 'delta';
  /** Not empty; never ends within a surrogate pair. */
  readonly text: string;
  /** How many tokens `text` is; where the backend does not tell, one for each of its own deltas. */
  readonly tokens: number;
}

export interface BackendEnd {
  readonly type: 'end';
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
