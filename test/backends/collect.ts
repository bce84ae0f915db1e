import { type Backend, type BackendEnd, BackendError, type BackendRequest } from '../../src/backends/backend.ts';

export interface Collected {
  readonly text: string;
  readonly deltas: readonly { readonly text: string; readonly tokens: number }[];
  readonly tokens: number;
  readonly end: BackendEnd | undefined;
  /** What it threw. */
  readonly error: unknown;
}

/** Reads a run to its end, or to its error. */
export async function collect(backend: Backend, request: BackendRequest, signal = never): Promise<Collected> {
  const deltas: { text: string; tokens: number }[] = [];
  let end: BackendEnd | undefined;
  let error: unknown;
  const onDelta = (text: string, tokens: number) => {
    deltas.push({ text, tokens });
    return undefined;
  };
  try {
    end = await backend.generate(request, onDelta, signal);
  } catch (thrown) {
    error = thrown;
  }
  const text = deltas.map((delta) => delta.text).join('');
  const tokens = deltas.reduce((sum, delta) => sum + delta.tokens, 0);
  return { text, deltas, tokens, end, error };
}

/** What the error that was thrown says of itself; undefined where none was. */
export function failure(error: unknown): Pick<BackendError, 'kind' | 'message' | 'retryAfterMs'> | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof BackendError)) throw error;
  return { kind: error.kind, message: error.message, retryAfterMs: error.retryAfterMs };
}

export const asks = (text: string, more: Partial<BackendRequest> = {}): BackendRequest => ({
  generationId: 'gen_1',
  messages: [{ role: 'USER', text }],
  parameters: {},
  prefix: '',
  prefixTokens: 0,
  ...more,
});

export const never = new AbortController().signal;
