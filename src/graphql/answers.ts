import type { ExecutionResult } from 'graphql';
import type { Source } from '../generation/generation.ts';

/** What one event of a subscription is answered with. */
export interface Answer extends ExecutionResult {
  /** It as JSON, written once however many get it; Yoga asks for it by this name. */
  readonly stringify: () => string;
}

export function answerOf(result: ExecutionResult): Answer {
  let json: string | undefined;
  const stringify = () => {
    json ??= JSON.stringify(result);
    return json;
  };
  return { ...result, stringify };
}

interface AnswersOptions<Value> {
  readonly source: Source<Value>;
  readonly answer: (value: Value) => Promise<Answer> | Answer;
  /** The last answer where the stream breaks off. */
  readonly lastOf: (error: unknown) => Answer;
  /** Calls its listener with the reason where the stream is to break off. Gives what takes the listener away. */
  readonly onBreak: (listener: (reason: unknown) => void) => () => void;
}

/**
 * The answers of one subscription. They never throw: where they break off, since the source failed or the client's session
 * ended, the last one has the error, and no data.
 *
 * It is an object and not an async generator: a generator that waits inside `next` takes no `return` until it is
 * woken, so a client that leaves during a pause would leave its subscription behind.
 */
export class Answers<Value> implements AsyncIterableIterator<Answer> {
  readonly #options: AnswersOptions<Value>;
  readonly #unwatch: () => void;
  #broken: { readonly reason: unknown } | undefined;
  #over = false;

  constructor(options: AnswersOptions<Value>) {
    this.#options = options;
    this.#unwatch = options.onBreak((reason) => this.#break(reason));
  }

  async next(): Promise<IteratorResult<Answer>> {
    const { source, answer, lastOf } = this.#options;
    try {
      while (!this.#over && !this.#broken) {
        const value = await source.next();
        if (value === undefined) break;
        const given = await answer(value);
        if (!this.#broken) return { done: false, value: given };
      }
    } catch (error) {
      this.#break(error);
    }
    const last = this.#over ? undefined : this.#broken;
    this.#end();
    return last ? { done: false, value: lastOf(last.reason) } : { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Answer>> {
    this.#end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #break(reason: unknown): void {
    this.#broken ??= { reason };
    this.#options.source.close();
  }

  #end(): void {
    this.#over = true;
    this.#unwatch();
    this.#options.source.close();
  }
}
