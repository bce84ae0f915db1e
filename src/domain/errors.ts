/** The closed list of `extensions.code`. */
export const errorCodes = [
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'RATE_LIMITED',
  'QUOTA_EXCEEDED',
  'MODEL_UNAVAILABLE',
  'CONFLICT',
  'UNAVAILABLE',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** An error that the client is to see as it is: its code and its message. Any other error is masked as `INTERNAL`. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  /** When it is worth trying again, in milliseconds from now; only where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { retryAfterMs?: number } = {}) {
    super(message, options);
    this.name = 'MillraceError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export const badInput = (message: string) => new MillraceError('BAD_USER_INPUT', message);
export const notFound = (what: string) => new MillraceError('NOT_FOUND', `${what} was not found.`);
export const forbidden = (message: string) => new MillraceError('FORBIDDEN', message);
export const unauthenticated = (message: string) => new MillraceError('UNAUTHENTICATED', message);
/** @param ms when to come back, in milliseconds from now */
export function rateLimited(why: string, ms: number): MillraceError {
  const time = ms < 10_000 ? `${ms} ms` : `${Math.ceil(ms / 1000)} s`;
  return new MillraceError('RATE_LIMITED', `${why} Come back in ${time}.`, { retryAfterMs: ms });
}
export const conflict = (message: string) => new MillraceError('CONFLICT', message);

/**
 * Thrown where nobody catches it, so that it ends the process: of what was written since the last time nobody knows what is
 * on the disk, and to ask once more would say nothing of it. The next start finds out.
 */
export const diskFailed = (path: string, cause: unknown): Error =>
  new Error(`The disk has not taken what was written to ${path}: see to it, and start again.`, { cause });

export const isRateLimited = (error: unknown): error is MillraceError =>
  error instanceof MillraceError && error.code === 'RATE_LIMITED';

/** Whether it says that a part is away, and will be back. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof MillraceError && error.code === 'UNAVAILABLE';

/** What an error comes from in the end: the last of its causes, or it itself. */
export function innermost(error: unknown): unknown {
  let last = error;
  while (last instanceof Error && last.cause !== undefined) last = last.cause;
  return last;
}

/** What it says. One that stands for several addresses that were tried says nothing but its code. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}
