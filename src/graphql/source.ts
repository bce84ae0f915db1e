import type { Polled } from '../domain/polled.ts';

/**
 * What the resolver of a subscription gives: GraphQL asks for an async iterable, and whoever makes the answers takes the
 * source out of it again.
 */
export class Events<Value> implements AsyncIterable<object> {
  readonly source: Polled<Value>;
  /** The value that the operation is executed on for each of the source's. */
  readonly rootOf: (value: Value) => object;
  /** Id of the generation that they are of: whoever gets them may read it, and their answers can be shared. */
  readonly only: string | undefined;

  constructor(source: Polled<Value>, rootOf: (value: Value) => object, only?: string) {
    this.source = source;
    this.rootOf = rootOf;
    this.only = only;
  }

  [Symbol.asyncIterator](): never {
    throw new Error('The events of a subscription are read from their source.');
  }
}
