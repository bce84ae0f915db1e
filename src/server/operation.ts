import type { ExecutionResult } from 'graphql';
import type { AnswerStream, OperationResult } from '../graphql/graphql.ts';

type Answer = NonNullable<Awaited<ReturnType<AnswerStream['next']>>>;

/** Where the messages of an operation go. What gives a promise resolves once it has gone out, or never will. */
export interface Outlet {
  /** A message that has its payload as JSON, if any. */
  tell(type: 'next' | 'error' | 'complete', payload?: string): Promise<void>;
  /** A `next` message; gives nothing where it has gone out at once. */
  give(answer: Answer): Promise<void> | undefined;
}

/** An operation on a socket, of which its client may want to hear no more before its result is there. */
export class Operation {
  #answers: AnswerStream | undefined;
  #left = false;

  get left(): boolean {
    return this.#left;
  }

  /** Tells its results, each when the one before has gone out, and its end. */
  async run(result: OperationResult, outlet: Outlet): Promise<void> {
    if ('next' in result) return this.#follow(result, outlet);
    if (this.#left) return;
    if (isRefusal(result)) return outlet.tell('error', JSON.stringify(result.errors));
    await outlet.tell('next', JSON.stringify(result));
    if (!this.#left) await outlet.tell('complete');
  }

  async #follow(answers: AnswerStream, outlet: Outlet): Promise<void> {
    this.#answers = answers;
    if (this.#left) answers.close();
    while (!this.#left) {
      let answer = answers.next();
      if (answer instanceof Promise) answer = await answer;
      if (this.#left) return;
      if (!answer) return outlet.tell('complete');
      if (isRefusal(answer)) return outlet.tell('error', JSON.stringify(answer.errors));
      const sent = outlet.give(answer);
      // Of what a client has not taken yet its bytes are held, and nothing more.
      answer = undefined;
      if (sent) await sent;
    }
  }

  /** Nothing more is told. */
  leave(): void {
    this.#left = true;
    this.#answers?.close();
  }
}

/** Whether nothing was executed, or a stream breaks off. */
const isRefusal = ({ data, errors }: ExecutionResult): boolean => data === undefined && errors !== undefined;
