import type { Backend, BackendEnd, BackendRequest, OnDelta } from '../../src/backends/backend.ts';

/** What one run of a scripted backend does: a text is a delta of one token, an error is thrown, `hang` waits for the abort. */
export type Step = string | Error | 'hang' | (() => Promise<void> | void);

export const hang = 'hang';

/** A backend whose runs follow scripts, the last of them again and again. Without an error or `hang` a run ends well. */
export class ScriptedBackend implements Backend {
  readonly kind = 'scripted';
  readonly name: string;
  readonly continues: boolean;
  readonly requests: BackendRequest[] = [];
  /** Runs that are under way. */
  open = 0;
  readonly #scripts: readonly (readonly Step[])[];
  #onRequest = () => {};

  constructor(name: string, scripts: readonly (readonly Step[])[], { continues = true } = {}) {
    this.name = name;
    this.continues = continues;
    this.#scripts = scripts;
  }

  async generate(request: BackendRequest, onDelta: OnDelta, signal: AbortSignal): Promise<BackendEnd> {
    const script = this.#scripts[Math.min(this.requests.length, this.#scripts.length - 1)] ?? [];
    this.requests.push(request);
    this.open++;
    this.#onRequest();
    let tokens = 0;
    try {
      for (const step of script) {
        signal.throwIfAborted();
        if (step === hang) await aborted(signal);
        else if (step instanceof Error) throw step;
        else if (typeof step === 'function') await step();
        else {
          tokens++;
          await onDelta(step, 1);
        }
      }
      signal.throwIfAborted();
      return { finishReason: 'STOP', usage: { promptTokens: 7, completionTokens: tokens } };
    } finally {
      this.open--;
    }
  }

  async probe(): Promise<void> {}

  /** Resolves once it was asked so often. */
  asked(times: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onRequest = () => this.requests.length >= times && resolve();
      this.#onRequest();
    });
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
