import { BackendError, type BackendErrorKind } from '../backend.ts';
import { hide } from './hide.ts';

/** Whose failure it is, and what its message must not give away: the key, the prompt. */
export interface Source {
  readonly name: string;
  readonly secrets: readonly string[];
}

const longestMessage = 300;

/** Error types that stand for a 4xx, where an error comes without a code. */
const refusingTypes = new Set(['invalid_request_error', 'badrequesterror', 'exceed_context_size_error', 'validation']);

/** The failure that an answer with a status other than 2xx stands for. */
export function statusFailure(source: Source, status: number, body: string, retryAfter?: string): BackendError {
  // Of a refused key some servers quote the ends.
  const said = status === 401 ? 'the key is refused.' : hide(messageIn(parsed(body)) ?? '', source.secrets);
  const message = `${source.name} answered ${status}${said && `: ${said.slice(0, longestMessage)}`}`;
  return new BackendError(kindOf(status), message, { retryAfterMs: retryAfterMs(retryAfter) });
}

/** The failure that an error object in a stream, or in an answer with status 200, stands for. */
export function errorFailure(source: Source, value: unknown): BackendError {
  const error = field(value, 'error') ?? value;
  const code = Number(field(error, 'code') ?? field(error, 'status') ?? Number.NaN);
  const type = String(field(error, 'type') ?? field(value, 'error_type') ?? '').toLowerCase();
  const kind = code >= 400 && code < 600 ? kindOf(code) : refusingTypes.has(type) ? 'refused' : 'unavailable';
  const said = hide(messageIn(value) ?? type, source.secrets).slice(0, longestMessage);
  return new BackendError(kind, `${source.name} sent an error${said && `: ${said}`}`);
}

/** What broke on the way there and back: the connection, or bytes that are no HTTP. Errors of another kind stay. */
export function connectionFailure({ name }: Source, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === undefined) return error;
  // Without its cause, which carries what was received.
  if (code.startsWith('HPE_')) return new BackendError('protocol', `${name} does not speak HTTP (${code}).`);
  return new BackendError('unreachable', `${name}: the connection failed (${code}).`, { cause: error });
}

/** `Retry-After` in milliseconds: it is given in seconds, or as a date. */
export function retryAfterMs(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - now : seconds * 1000;
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined;
}

/** A refused key (401, 403) or a model that is not there (404) is this backend's fault: another one may serve the request. */
const faultsOfTheServer = new Set([401, 403, 404, 408, 429]);

function kindOf(status: number): BackendErrorKind {
  if (status >= 500 || faultsOfTheServer.has(status)) return 'unavailable';
  return status >= 400 ? 'refused' : 'protocol';
}

/** The human part of an error, in the shapes of OpenAI and vLLM, of older vLLM, of Ollama and TGI, of FastAPI. */
function messageIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const error = field(value, 'error');
  const said = field(error, 'message') ?? error ?? field(value, 'message') ?? field(value, 'detail');
  if (said === undefined || said === null) return undefined;
  return typeof said === 'string' ? said : JSON.stringify(said);
}

/** The body as JSON, or as it is where it is none; nothing of a page made for browsers. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body.trimStart().startsWith('<') ? '' : body.trim();
  }
}

export const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
