/** Many readers who stop reading their sockets in the midst of an answer, and go on later. */
import { answer } from '../answers.ts';
import { atRhythm } from '../servers/rhythm.ts';
import { connected, type Reader, type ReaderOptions } from './reader.ts';

export interface Audience extends Omit<ReaderOptions, 'localAddress' | 'id'> {
  /** The generations that are read, each by so many. */
  readonly ids: readonly string[];
  readonly readersEach: number;
}

export interface Told {
  /** How many readers have each of these texts. */
  readonly texts: ReadonlyMap<string, number>;
  /** Events that each of them was told. */
  readonly messages: readonly number[];
}

let readers: Reader[] = [];

answer({
  async come({ ids, readersEach, ...options }: Audience): Promise<void> {
    for (const id of ids) readers.push(...(await connected(readersEach, { ...options, id })));
  },

  /** Stops all of them from reading, one after the other: each is in another place when it stops. */
  async stall(overMs: number): Promise<void> {
    await atRhythm(readers, overMs / readers.length, (reader) => reader.pause());
  },

  /** Has each of them read a little. */
  sip(): void {
    for (const reader of readers) reader.sip();
  },

  goOn(): void {
    for (const reader of readers) reader.resume();
  },

  /** Resolves when all have been told the end. */
  async read(): Promise<Told> {
    await Promise.all(readers.map(({ ended }) => ended));
    const texts = new Map<string, number>();
    for (const { text } of readers) texts.set(text, (texts.get(text) ?? 0) + 1);
    return { texts, messages: readers.map(({ messages }) => messages) };
  },

  leave(): void {
    for (const reader of readers) reader.drop();
    readers = [];
  },
});
