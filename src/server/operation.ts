import type { ExecutionResult } from 'graphql';
import type { OperationResult } from '../graphql/graphql.ts';

/** Sends a message of an operation, its payload as JSON; resolves once it has gone out, or never will. */
export type Tell = (type: 'next' | 'error' | 'complete', payload?: string) => Promise<void>;

type Answers = ReturnType<Exclude<OperationResult, ExecutionResult>[typeof Symbol.asyncIterator]>;

/** An operation on a socket, of which its client may want to hear no more before its result is there. */
export class Operation {
  #answers: Answers | undefined;
  #left = false;

  get left(): boolean {
    return this.#left;
  }

  /** Tells its results, each when the one before has gone out, and its end. */
  async run(result: OperationResult, tell: Tell): Promise<void> {
    if (Symbol.asyncIterator in result) return this.#follow(result[Symbol.asyncIterator](), tell);
    if (this.#left) return;
    if (isRefusal(result)) return tell('error', JSON.stringify(result.errors));
    await tell('next', JSON.stringify(result));
    if (!this.#left) await tell('complete');
  }

  async #follow(answers: Answers, tell: Tell): Promise<void> {
    this.#answers = answers;
    if (this.#left) await answers.return?.();
    while (!this.#left) {
      const { done, value } = await answers.next();
      if (this.#left) return;
      if (done) return tell('complete');
      if (isRefusal(value)) return tell('error', JSON.stringify(value.errors));
      await tell('next', value.stringify());
    }
  }

  /** Nothing more is told. */
  async leave(): Promise<void> {
    this.#left = true;
    await this.#answers?.return?.();
  }
}

/** Whether nothing was executed, or a stream breaks off. */
const isRefusal = ({ data, errors }: ExecutionResult): boolean => data === undefined && errors !== undefined;
