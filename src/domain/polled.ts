/** There is nothing yet. */
export const waiting = Symbol('waiting');

/** Who waits for a value. It is told by a method of its own: a function made for each would be one more for each reader. */
export interface Waiter {
  /** It is worth asking again. */
  wake(): void;
}

/**
 * Gives one value after the other to who asks: pulled, so that what nobody asks for is not made; and without a promise for
 * each, since one log may have thousands of readers. Holds nothing before the first.
 */
export interface Polled<Value> {
  /**
   * The next value; undefined at the end. Where there is none yet, the waiter is woken when it is worth asking again: once,
   * after this has returned, and not any more where it was asked again before that.
   * @throws what it failed of; then it is over
   */
  poll(waiter: Waiter): Value | undefined | typeof waiting;
  /** Ends it, and wakes who waits. */
  close(): void;
}

/** The next value as a promise, for who has time. */
export function nextOf<Value>(polled: Polled<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const waiter = {
      wake() {
        try {
          const value = polled.poll(waiter);
          if (value !== waiting) resolve(value);
        } catch (error) {
          reject(error);
        }
      },
    };
    waiter.wake();
  });
}

interface Promising<Value> {
  /** The next value; undefined at the end. Called again only when it has resolved. */
  next(): Promise<Value | undefined>;
  close(): void;
}

/** What gives its values as promises, polled. */
export function polled<Value>(source: Promising<Value>): Polled<Value> {
  let woken: Waiter | undefined;
  let asked = false;
  let settled: (() => Value | undefined) | undefined;
  const settle = (outcome: () => Value | undefined) => {
    settled = outcome;
    woken?.wake();
  };
  return {
    poll(waiter) {
      if (settled) {
        const outcome = settled;
        [asked, settled, woken] = [false, undefined, undefined];
        return outcome();
      }
      woken = waiter;
      if (!asked) {
        asked = true;
        source.next().then(
          (value) => settle(() => value),
          (error: unknown) =>
            settle(() => {
              throw error;
            }),
        );
      }
      return waiting;
    },
    close: () => source.close(),
  };
}
