import type { BackendEnd, BackendError, BackendErrorKind } from '../backends/backend.ts';
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

/**
 * What whoever asked is told of a failure. The backend's own words may name hosts, keys and other people's business: they
 * go to the log of the server and to `Model.backends.lastError`, for admins, and never from here.
 */
const told: Readonly<Record<BackendErrorKind, string>> = {
  unreachable: 'Its server can not be reached, or the connection broke off. Try again later.',
  unavailable: 'Its server can not serve this now. Try again later.',
  timeout: 'Its server did not answer in time. Try again later.',
  truncated: 'Its answer broke off. Try again later.',
  protocol: 'Its server answered what can not be understood. Try again later.',
  refused: 'It does not take this: it may be too long, or have a parameter that is not for this model.',
};

/** The end of a generation that one of its backends failed for the last time. */
export function failed({ kind }: Pick<BackendError, 'kind'>, progress: Progress, at: number): EndedEntry {
  const refused = kind === 'refused';
  const message = `The model could not answer. ${told[kind]}`;
  return failedWith(
    { code: refused ? 'BAD_USER_INPUT' : 'MODEL_UNAVAILABLE', message, retryable: !refused },
    progress,
    at,
  );
}

/** The end of a generation that got no backend; `message` is of our own words. */
export function failedWithout(message: string, progress: Progress, at: number): EndedEntry {
  return failedWith({ code: 'MODEL_UNAVAILABLE', message, retryable: true }, progress, at);
}

function failedWith(error: GenerationError, { tokens }: Progress, at: number): EndedEntry {
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
