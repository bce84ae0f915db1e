/**
 * The vocabulary of a generation's log. One log is `queued`, then attempts and texts, then exactly one `ended`.
 *
 * An entry's offset is its place in the log: dense integers from 1. Times are milliseconds since 1970. Lengths and
 * positions are UTF-16 code units, and no entry splits a surrogate pair.
 */
export type Entry = QueuedEntry | AttemptStartedEntry | TextAppendedEntry | EndedEntry;

export interface QueuedEntry {
  readonly type: 'queued';
  readonly at: number;
}

/** An attempt starts: what follows `keptLength` in the text so far is void. */
export interface AttemptStartedEntry {
  readonly type: 'attemptStarted';
  readonly at: number;
  /** From 1; also the fence: from here on the log refuses older attempts. */
  readonly attempt: number;
  readonly backend: string;
  readonly keptLength: number;
  /** Tokens in the kept text. */
  readonly keptTokens: number;
}

/** `text` stands at `position`, which is always the length of the text so far. */
export interface TextAppendedEntry {
  readonly type: 'textAppended';
  readonly at: number;
  readonly position: number;
  readonly text: string;
  /** How many tokens `text` is. */
  readonly tokens: number;
}

export interface EndedEntry {
  readonly type: 'ended';
  readonly at: number;
  readonly status: EndStatus;
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
  readonly error: GenerationError | null;
}

export type EndStatus = 'COMPLETED' | 'FAILED' | 'CANCELLED';
export type GenerationStatus = 'QUEUED' | 'RUNNING' | EndStatus;
export type FinishReason = 'STOP' | 'LENGTH' | 'CONTENT_FILTER' | 'TOOL_CALLS' | 'CANCELLED' | 'ERROR' | 'OTHER';

export interface TokenUsage {
  /** Null where the backend did not tell. */
  readonly promptTokens: number | null;
  readonly completionTokens: number;
}

/** What went wrong with a generation; `code` is one of the codes in errors.ts. */
export interface GenerationError {
  readonly code: 'BAD_USER_INPUT' | 'MODEL_UNAVAILABLE' | 'INTERNAL';
  readonly message: string;
  readonly retryable: boolean;
}
