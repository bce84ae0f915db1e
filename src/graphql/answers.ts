import type { ExecutionResult } from 'graphql';
import { nextOf, type Polled, polled, type Waiter, waiting } from '../domain/polled.ts';

/** What one event of a subscription is answered with. */
export interface Answer extends ExecutionResult {
  /** It as JSON in UTF-8: written once, however many get it over whatever transport. */
  readonly json: () => Buffer;
}

export function answerOf(result: ExecutionResult): Answer {
  let bytes: Buffer | undefined;
  const json = () => {
    bytes ??= Buffer.from(JSON.stringify(result));
    return bytes;
  };
  return { ...result, json };
}

interface AnswersOptions<Value> {
  readonly source: Polled<Value>;
  readonly answer: (value: Value) => Answer | Promise<Answer>;
  /** The last answer where the stream breaks off. */
  readonly lastOf: (error: unknown) => Answer;
  /** Called once they are over, however that came. */
  readonly onClose: () => void;
}

/**
 * The answers of one subscription. They never throw: where they break off, since the source failed or for another reason,
 * the last one has the error, and no data.
 */
export class Answers<Value> implements Polled<Answer>, AsyncIterable<Answer> {
  readonly #source: Polled<Value>;
  readonly #answer: AnswersOptions<Value>['answer'];
  readonly #lastOf: AnswersOptions<Value>['lastOf'];
  readonly #onClose: () => void;
  /** The one that is being made, once it is: what loads takes time. */
  #made: Polled<Answer> | undefined;
  #broken: { readonly reason: unknown } | undefined;
  #over = false;

  constructor({ source, answer, lastOf, onClose }: AnswersOptions<Value>) {
    this.#source = source;
    this.#answer = answer;
    this.#lastOf = lastOf;
    this.#onClose = onClose;
  }

  poll(waiter: Waiter): Answer | undefined | typeof waiting {
    if (this.#over) return undefined;
    try {
      const answer = this.#made?.poll(waiter) ?? this.#make(waiter);
      if (answer === waiting) return waiting;
      this.#made = undefined;
      if (answer && !this.#broken) return answer;
    } catch (error) {
      this.#broken ??= { reason: error };
    }
    this.close();
    return this.#broken && this.#lastOf(this.#broken.reason);
  }

  #make(waiter: Waiter): Answer | undefined | typeof waiting {
    const value = this.#broken ? undefined : this.#source.poll(waiter);
    if (value === undefined) return undefined;
    if (value === waiting) return waiting;
    const made = this.#answer(value as Value);
    if (!(made instanceof Promise)) return made;
    this.#made = polled({ next: () => made, close() {} });
    return this.#made.poll(waiter);
  }

  /** Breaks them off. */
  breakOff(reason: unknown): void {
    this.#broken ??= { reason };
    this.#source.close();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#source.close();
    this.#onClose();
  }

  /**
   * The same for who wants an iterator. It is an object and not an async generator: a generator that waits inside `next`
   * takes no `return` until it is woken, so a client that leaves during a pause would leave its subscription behind.
   */
  [Symbol.asyncIterator](): AsyncIterator<Answer, undefined> {
    const done = { done: true, value: undefined } as const;
    return {
      next: async () => {
        const value = await nextOf(this);
        return value ? { done: false, value } : done;
      },
      return: async () => {
        this.close();
        return done;
      },
    };
  }
}
