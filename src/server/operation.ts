import type { ExecutionResult } from 'graphql';
import { type OperationResult, withoutHttp } from '../graphql/graphql.ts';

/** Sends a message of an operation; resolves once it has gone out, or never will. */
export type Tell = (type: 'next' | 'error' | 'complete', payload?: unknown) => Promise<void>;

/** An operation on a socket, of which its client may want to hear no more before its result is there. */
export class Operation {
  #results: AsyncIterator<ExecutionResult> | undefined;
  #left = false;

  get left(): boolean {
    return this.#left;
  }

  /** Tells its results, each when the one before has gone out, and its end. */
  async run(result: OperationResult, tell: Tell): Promise<void> {
    const results = Symbol.asyncIterator in result ? result[Symbol.asyncIterator]() : single(result);
    this.#results = results;
    if (this.#left) await results.return?.();
    while (!this.#left) {
      const step = await results.next();
      if (this.#left) return;
      if (step.done) return tell('complete');
      const { value } = step;
      // Where nothing was executed, or where a stream breaks off.
      if (value.data === undefined && value.errors) return tell('error', withoutHttp(value).errors);
      await tell('next', value.errors ? withoutHttp(value) : value);
    }
  }

  /** Nothing more is told. */
  async leave(): Promise<void> {
    this.#left = true;
    await this.#results?.return?.();
  }
}

async function* single(result: ExecutionResult): AsyncIterator<ExecutionResult> {
  yield result;
}
