import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Limits, Place, Rate } from '../../src/limits/limits.ts';

export interface OpenLimits {
  /** Those that count together: at least one. */
  readonly nodes: readonly Limits[];
  close(): Promise<void>;
}

/** What all Limits promise. `open` gives such as nothing was counted by. */
export function limitsContract(name: string, open: () => Promise<OpenLimits>): void {
  describe(name, () => {
    let opened: OpenLimits;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    /** The same on every node, each in turn. */
    const turns = <T>(make: (limits: Limits) => T) => {
      const all = opened.nodes.map(make);
      let turn = 0;
      return () => all[turn++ % all.length] as T;
    };
    const count = (next: () => Rate, times: number, key = 'a') =>
      Promise.all(Array.from({ length: times }, () => next().count(key)));

    test('of however many that are counted at once, as many as the limit says are not too many', async () => {
      const next = turns((limits) => limits.rate('r', { limit: 20, windowSeconds: 5 }));
      const all = await count(next, 60);
      const good = all.filter(({ exceeded }) => !exceeded);
      expect(good.map(({ used }) => used).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
      for (const { used, remaining, limit } of all) expect(used + remaining).toBe(limit);
      expect(all.filter(({ exceeded }) => exceeded).map(({ remaining }) => remaining)).toEqual(Array(40).fill(0));
    });

    test('each key and each rate counts by itself', async () => {
      const options = { limit: 1, windowSeconds: 5 };
      const [r, s] = ['r', 's'].map((rate) => turns((limits) => limits.rate(rate, options)));
      for (const next of [r, s]) {
        for (const key of ['a', 'b', '2001:db8::/64']) {
          expect((await next?.().count(key))?.exceeded).toBe(false);
          expect((await next?.().count(key))?.exceeded).toBe(true);
        }
      }
    });

    test('after as long as it says, all is free again; what is too many does not make it longer', async () => {
      const next = turns((limits) => limits.rate('r', { limit: 2, windowSeconds: 1 }));
      await count(next, 3);
      for (let round = 0; round < 2; round++) {
        const { exceeded, resetsInMs } = await next().count('a');
        expect(exceeded).toBe(true);
        await sleep(resetsInMs);
        expect((await count(next, 3)).filter((each) => !each.exceeded)).toHaveLength(2);
      }
    });

    test('reading counts nothing', async () => {
      const next = turns((limits) => limits.rate('r', { limit: 3, windowSeconds: 5 }));
      expect(await next().read('a')).toMatchObject({ used: 0, remaining: 3, exceeded: false, resetsInMs: 0 });
      await count(next, 2);
      for (let times = 0; times < 5; times++) {
        expect(await next().read('a')).toMatchObject({ limit: 3, windowSeconds: 5, used: 2, remaining: 1 });
      }
      await count(next, 9);
      expect(await next().read('a')).toMatchObject({ used: 3, remaining: 0 });
      expect((await next().read('a')).resetsInMs).toBeGreaterThan(0);
    });

    const taken = (places: (Place | undefined)[]) => places.filter((place) => place !== undefined);

    test('of however many that ask at once, as many get a place as there are', async () => {
      const next = turns((limits) => limits.places('p', 7));
      const ask = (key: string) => Array.from({ length: 30 }, () => next().take(key));
      expect(taken(await Promise.all(ask('a')))).toHaveLength(7);
      expect(taken(await Promise.all(ask('b')))).toHaveLength(7);
    });

    test('a place that is given back, however often, is free for one other', async () => {
      const next = turns((limits) => limits.places('p', 2));
      const [first] = [await next().take('a'), await next().take('a')];
      expect(await next().take('a')).toBeUndefined();
      first?.release();
      first?.release();
      // Another connection may be heard first.
      let place: Place | undefined;
      while (!place) place = await next().take('a');
      expect(taken(await Promise.all([next().take('a'), next().take('a')]))).toEqual([]);
    });
  });
}
