import type { ExecutionResult } from 'graphql';
import { waiting } from '../domain/polled.ts';
import type { AnswerStream, OperationResult } from '../graphql/graphql.ts';

type Answer = Exclude<ReturnType<AnswerStream['poll']>, undefined | typeof waiting>;

/** Where the messages of an operation go. What gives a promise resolves once it has gone out, or never will. */
export interface Outlet {
  /** A message that has its payload as JSON, if any. */
  tell(type: 'next' | 'error' | 'complete', payload?: string): Promise<void>;
  /** A `next` message; gives nothing where it has gone out at once. */
  give(answer: Answer): Promise<void> | undefined;
}

/** An operation on a socket, of which its client may want to hear no more before its result is there. */
export class Operation {
  readonly #outlet: Outlet;
  readonly #over = Promise.withResolvers<void>();
  #answers: AnswerStream | undefined;
  #sending = false;
  #left = false;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
  }

  get left(): boolean {
    return this.#left;
  }

  /** Tells its results, each when the one before has gone out, and its end. */
  async run(result: OperationResult): Promise<void> {
    if ('poll' in result) return this.#follow(result);
    if (this.#left) return;
    if (isRefusal(result)) return this.#outlet.tell('error', JSON.stringify(result.errors));
    await this.#outlet.tell('next', JSON.stringify(result));
    if (!this.#left) await this.#outlet.tell('complete');
  }

  #follow(answers: AnswerStream): Promise<void> {
    this.#answers = answers;
    if (this.#left) this.leave();
    else this.#pump();
    return this.#over.promise;
  }

  /** Tells what there is, as long as it goes out at once. */
  readonly #pump = (): void => {
    try {
      while (!this.#left && !this.#sending) {
        const answer = this.#answers?.poll(this.#pump);
        if (answer === waiting) return;
        if (!answer || isRefusal(answer)) {
          this.#end(answer);
          return;
        }
        const sent = this.#outlet.give(answer);
        if (sent) this.#await(sent);
      }
    } catch (error) {
      this.#over.reject(error);
    }
  };

  #await(sent: Promise<void>): void {
    this.#sending = true;
    void sent.then(() => {
      this.#sending = false;
      this.#pump();
    });
  }

  #end(refusal: Answer | undefined): void {
    const told = refusal ? this.#outlet.tell('error', JSON.stringify(refusal.errors)) : this.#outlet.tell('complete');
    this.#over.resolve(told);
  }

  /** Nothing more is told. */
  leave(): void {
    this.#left = true;
    this.#answers?.close();
    this.#over.resolve();
  }
}

/** Whether nothing was executed, or a stream breaks off. */
const isRefusal = ({ data, errors }: ExecutionResult): boolean => data === undefined && errors !== undefined;
