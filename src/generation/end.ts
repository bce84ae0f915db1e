import type { BackendEnd, BackendError } from '../backends/backend.ts';
import type { EndedEntry, GenerationError } from '../domain/entry.ts';
import type { Progress } from '../domain/progress.ts';

/** The end of a generation whose last attempt came to its own end. */
export function completed(
  { finishReason, usage }: BackendEnd,
  { tokens, keptTokens }: Progress,
  at: number,
): EndedEntry {
  // To the last attempt the kept tokens were part of the prompt; to the generation they are part of the answer.
  const total = {
    promptTokens: usage?.promptTokens == null ? null : withoutKept(usage.promptTokens, keptTokens),
    completionTokens: usage ? keptTokens + usage.completionTokens : tokens,
  };
  return { type: 'ended', at, status: 'COMPLETED', finishReason, usage: total, error: null };
}

/** The end of a generation that is given up because of `cause`. */
export function failed(cause: BackendError, { tokens }: Progress, at: number): EndedEntry {
  const refused = cause.kind === 'refused';
  const code = refused ? 'BAD_USER_INPUT' : 'MODEL_UNAVAILABLE';
  const error: GenerationError = { code, message: cause.message, retryable: !refused };
  const usage = { promptTokens: null, completionTokens: tokens };
  return { type: 'ended', at, status: 'FAILED', finishReason: 'ERROR', usage, error };
}

/** The end of a generation that nobody wants any more. */
export function cancelled({ tokens }: Progress, at: number): EndedEntry {
  const usage = { promptTokens: null, completionTokens: tokens };
  return { type: 'ended', at, status: 'CANCELLED', finishReason: 'CANCELLED', usage, error: null };
}

/** Null where the backend can't have counted the kept tokens as prompt. */
const withoutKept = (promptTokens: number, keptTokens: number): number | null =>
  promptTokens > keptTokens || keptTokens === 0 ? promptTokens - keptTokens : null;
