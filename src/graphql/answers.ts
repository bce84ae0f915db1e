import type { ExecutionResult } from 'graphql';
import type { Source } from '../generation/generation.ts';

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
  readonly source: Source<Value>;
  readonly answer: (value: Value) => Answer | Promise<Answer>;
  /** The last answer where the stream breaks off. */
  readonly lastOf: (error: unknown) => Answer;
  /** Calls its listener with the reason where the stream is to break off. Gives what takes the listener away. */
  readonly onBreak: (listener: (reason: unknown) => void) => () => void;
}

type Next = Answer | undefined | Promise<Answer | undefined>;

/**
 * The answers of one subscription. `next` never throws: where they break off, since the source failed or the client's
 * session ended, the last one has the error, and no data.
 */
export class Answers<Value> implements Source<Answer>, AsyncIterable<Answer> {
  readonly #options: AnswersOptions<Value>;
  readonly #unwatch: () => void;
  #broken: { readonly reason: unknown } | undefined;
  #over = false;

  constructor(options: AnswersOptions<Value>) {
    this.#options = options;
    this.#unwatch = options.onBreak((reason) => this.#break(reason));
  }

  next(): Next {
    try {
      const value = this.#over || this.#broken ? undefined : this.#options.source.next();
      return value instanceof Promise ? value.then(this.#answer, this.#fail) : this.#answer(value);
    } catch (error) {
      return this.#fail(error);
    }
  }

  close(): void {
    this.#over = true;
    this.#unwatch();
    this.#options.source.close();
  }

  /**
   * The same for who wants an iterator. It is an object and not an async generator: a generator that waits inside `next`
   * takes no `return` until it is woken, so a client that leaves during a pause would leave its subscription behind.
   */
  [Symbol.asyncIterator](): AsyncIterator<Answer, undefined> {
    const done = { done: true, value: undefined } as const;
    return {
      next: async () => {
        const value = await this.next();
        return value ? { done: false, value } : done;
      },
      return: async () => {
        this.close();
        return done;
      },
    };
  }

  readonly #answer = (value: Value | undefined): Next => {
    const answer = value === undefined || this.#over || this.#broken ? undefined : this.#options.answer(value);
    return answer instanceof Promise ? answer.then(this.#give, this.#fail) : this.#give(answer);
  };

  readonly #give = (answer: Answer | undefined): Answer | undefined => {
    if (answer && !this.#over && !this.#broken) return answer;
    const last = this.#over ? undefined : this.#broken;
    this.close();
    return last && this.#options.lastOf(last.reason);
  };

  readonly #fail = (error: unknown): Answer | undefined => {
    this.#break(error);
    return this.#give(undefined);
  };

  #break(reason: unknown): void {
    this.#broken ??= { reason };
    this.#options.source.close();
  }
}
