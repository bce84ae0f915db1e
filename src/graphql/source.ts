import type { Source } from '../generation/generation.ts';

/**
 * A source as the async iterator that GraphQL pulls. `onPull` is called before each value is made.
 *
 * It is an object and not an async generator: a generator that waits inside `next` takes no `return` until it is
 * woken, so a client that leaves during a pause would leave its subscription behind.
 */
export function iterate<Value, Mapped>(
  source: Source<Value>,
  map: (value: Value) => Mapped,
  onPull: () => void,
): AsyncIterableIterator<Mapped> {
  const done = { done: true, value: undefined } as const;
  return {
    async next() {
      try {
        const value = await source.next();
        if (value === undefined) return this.return?.() ?? done;
        onPull();
        return { done: false, value: map(value) };
      } catch (error) {
        // Nobody calls `return` on an iterator that has thrown.
        source.close();
        throw error;
      }
    },
    async return() {
      source.close();
      return done;
    },
    async throw(error) {
      source.close();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
