import type { ExecutionResult } from 'graphql';
import { type Waiter, waiting } from '../domain/polled.ts';
import type { AnswerStream, OperationResult } from '../graphql/graphql.ts';

type Answer = Exclude<ReturnType<AnswerStream['poll']>, undefined | typeof waiting>;

/** The connection that an operation is of. What gives a promise resolves once it has gone out, or never will. */
export interface Outlet {
  /** Sends a message that has its payload as JSON, if any; after one that is no `next` the id is free. */
  tell(id: string, type: 'next' | 'error' | 'complete', payload?: string): Promise<void>;
  /** Sends a `next` message, of which `head` is what comes before the answer; gives nothing where it has gone out at once. */
  give(head: string, answer: Answer): Promise<void> | undefined;
  /** The payload of an `error` message for a failure of our own, which it puts down. */
  explain(cause: unknown): string;
  /** Told once that nothing more comes of an operation. */
  over(): void;
}

/** An operation on a socket, of which its client may want to hear no more before its result is there. */
export class Operation implements Waiter {
  readonly #id: string;
  readonly #outlet: Outlet;
  /** A text: a buffer of its own would hold the block that it was cut from, for each idle stream. */
  readonly #head: string;
  #answers: AnswerStream | undefined;
  #sending = false;
  #ended = false;
  #over = false;
  #left = false;

  constructor(id: string, outlet: Outlet) {
    this.#id = id;
    this.#outlet = outlet;
    this.#head = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  }

  /** Tells its results, each when the one before has gone out, and its end. A stream goes on when this has resolved. */
  async run(asked: Promise<OperationResult>): Promise<void> {
    try {
      const result = await asked;
      if ('poll' in result) {
        this.#answers = result;
        if (this.#left) this.leave();
        else this.wake();
      } else {
        await this.#tellResult(result);
        this.#finish();
      }
    } catch (cause) {
      this.#fail(cause);
    }
  }

  async #tellResult(result: ExecutionResult): Promise<void> {
    if (this.#left) return;
    if (isRefusal(result)) return this.#outlet.tell(this.#id, 'error', JSON.stringify(result.errors));
    await this.#outlet.tell(this.#id, 'next', JSON.stringify(result));
    if (!this.#left) await this.#outlet.tell(this.#id, 'complete');
  }

  /** Tells what there is of a stream, as long as it goes out at once. */
  wake(): void {
    try {
      while (!this.#left && !this.#sending && !this.#ended) {
        const answer = this.#answers?.poll(this);
        if (answer === waiting) return;
        if (!answer || isRefusal(answer)) {
          if (answer) this.#end('error', JSON.stringify(answer.errors));
          else this.#end('complete');
          return;
        }
        const sent = this.#outlet.give(this.#head, answer);
        if (sent) this.#await(sent);
      }
    } catch (cause) {
      this.#answers?.close();
      this.#fail(cause);
    }
  }

  #await(sent: Promise<void>): void {
    this.#sending = true;
    void sent.then(() => {
      this.#sending = false;
      this.wake();
    });
  }

  #fail(cause: unknown): void {
    const payload = this.#outlet.explain(cause);
    if (this.#left) this.#finish();
    else this.#end('error', payload);
  }

  #end(type: 'error' | 'complete', payload?: string): void {
    this.#ended = true;
    void this.#outlet.tell(this.#id, type, payload).then(() => this.#finish());
  }

  /** Nothing more is told. */
  leave(): void {
    this.#left = true;
    if (!this.#answers) return;
    this.#answers.close();
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#outlet.over();
  }
}

/** Whether nothing was executed, or a stream breaks off. */
const isRefusal = ({ data, errors }: ExecutionResult): boolean => data === undefined && errors !== undefined;
