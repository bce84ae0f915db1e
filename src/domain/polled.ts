/** There is nothing yet. */
export const waiting = Symbol('waiting');

/**
 * Gives one value after the other to who asks: pulled, so that what nobody asks for is not made; and without a promise for
 * each, since one log may have thousands of readers. Holds nothing before the first.
 */
export interface Polled<Value> {
  /**
   * The next value; undefined at the end. Where there is none yet, `wake` is called when it is worth asking again: once,
   * after this has returned, and not any more where it was asked again before that.
   * @throws what it failed of; then it is over
   */
  poll(wake: () => void): Value | undefined | typeof waiting;
  /** Ends it, and wakes who waits. */
  close(): void;
}

/** The next value as a promise, for who has time. */
export function nextOf<Value>(polled: Polled<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const look = () => {
      try {
        const value = polled.poll(look);
        if (value !== waiting) resolve(value);
      } catch (error) {
        reject(error);
      }
    };
    look();
  });
}

interface Promising<Value> {
  /** The next value; undefined at the end. Called again only when it has resolved. */
  next(): Promise<Value | undefined>;
  close(): void;
}

/** What gives its values as promises, polled. */
export function polled<Value>(source: Promising<Value>): Polled<Value> {
  let wakeUp = () => {};
  let asked = false;
  let settled: (() => Value | undefined) | undefined;
  const settle = (outcome: () => Value | undefined) => {
    settled = outcome;
    wakeUp();
  };
  return {
    poll(wake) {
      if (settled) {
        const outcome = settled;
        [asked, settled, wakeUp] = [false, undefined, () => {}];
        return outcome();
      }
      wakeUp = wake;
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
