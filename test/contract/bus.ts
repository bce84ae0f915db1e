import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';

/** What every Bus promises. `open` gives one, together with what closes it. */
export function busContract(name: string, open: () => Promise<Bus>): void {
  describe(name, () => {
    let bus: Bus;
    beforeEach(async () => {
      bus = await open();
    });
    afterEach(() => bus.close());

    /** All that is heard on a topic; `until` resolves once it is so many. */
    async function listen(topic: string) {
      const heard: unknown[] = [];
      let onMessage = () => {};
      const end = await bus.subscribe(topic, (message) => {
        heard.push(message);
        onMessage();
      });
      const until = (count: number) =>
        new Promise<unknown[]>((resolve) => {
          onMessage = () => heard.length >= count && resolve(heard);
          onMessage();
        });
      return { heard, end, until };
    }

    test('hands a message to every listener of its topic, and to no other', async () => {
      const [first, second, other] = [await listen('a'), await listen('a'), await listen('b')];
      await bus.publish('a', { number: 1, text: 'whale 🐋', list: [null, true] });
      await bus.publish('b', 'last');
      await other.until(1);
      expect(await first.until(1)).toEqual([{ number: 1, text: 'whale 🐋', list: [null, true] }]);
      expect(await second.until(1)).toEqual(first.heard);
      expect(other.heard).toEqual(['last']);
    });

    test('loses nothing that is published once subscribe has resolved, and keeps the order', async () => {
      const { until } = await listen('a');
      const all = Array.from({ length: 500 }, (_, index) => index);
      await Promise.all(all.map((index) => bus.publish('a', index)));
      expect(await until(all.length)).toEqual(all);
    });

    test('a listener that has ended hears no more, the others go on', async () => {
      const [first, second] = [await listen('a'), await listen('a')];
      first.end();
      first.end();
      await bus.publish('a', 1);
      await second.until(1);
      expect(first.heard).toEqual([]);
      const third = await listen('a');
      second.end();
      await bus.publish('a', 2);
      expect(await third.until(1)).toEqual([2]);
      expect(second.heard).toEqual([1]);
    });

    test('one function may listen twice, and end once', async () => {
      const heard: unknown[] = [];
      const listener = (message: unknown) => void heard.push(message);
      const end = await bus.subscribe('a', listener);
      await bus.subscribe('a', listener);
      const witness = await listen('a');
      await bus.publish('a', 1);
      await witness.until(1);
      expect(heard).toEqual([1, 1]);
      end();
      await bus.publish('a', 2);
      await witness.until(2);
      expect(heard).toEqual([1, 1, 2]);
    });

    test('publishing where nobody listens, and checking, do nothing', async () => {
      await bus.publish('nobody', { text: 'hello' });
      await bus.check();
    });
  });
}
