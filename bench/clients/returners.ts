/** Many readers whose connections all break at once, and who come back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { answer } from '../answers.ts';
import { connected, type Reader, type ReaderOptions } from './reader.ts';

export interface Arrival extends Omit<ReaderOptions, 'localAddress'> {
  readonly readers: number;
}

/** How long each waits before it comes back, at random between these, in ms. */
export interface Wait {
  readonly least: number;
  readonly most: number;
}

/** What all of them have in the end, and how many it is that have each of these texts. */
export type Texts = ReadonlyMap<string, number>;

let readers: Reader[] = [];

answer({
  async come({ readers: count, ...options }: Arrival): Promise<void> {
    readers = await connected(count, options);
  },

  /** Breaks all connections. Resolves when all are back, with how long each took to its first missed event, in ms. */
  async comeBack({ least, most }: Wait): Promise<number[]> {
    return await Promise.all(
      readers.map(async (reader) => {
        reader.drop();
        await sleep(least + Math.random() * (most - least));
        const before = performance.now();
        await reader.connect();
        return performance.now() - before;
      }),
    );
  },

  /** Resolves when all have been told the end. */
  async read(): Promise<Texts> {
    await Promise.all(readers.map(({ ended }) => ended));
    const texts = new Map<string, number>();
    for (const { text } of readers) texts.set(text, (texts.get(text) ?? 0) + 1);
    for (const reader of readers) reader.drop();
    readers = [];
    return texts;
  },
});
