import { createInterface } from 'node:readline';
import { ageOf, microseconds, stampLength } from '../clock.ts';

/** What one reader of a stream has seen so far. */
export interface Reader {
  /** When it asked, in microseconds. */
  readonly askedAt: number;
  /** When it read the newest token, and how old that was then; 0 before the first. */
  readAt: number;
  age: number;
}

/** Counts what all readers of a process see. Heeds lines: `go` begins, `mark` asks for the counts, `end` for the times too. */
export class Tally {
  tokens = 0;
  events = 0;
  ended = 0;
  readonly #first: number[] = [];
  readonly #ages: number[] = [];
  readonly #gaps: number[] = [];

  constructor(go: () => void) {
    createInterface({ input: process.stdin }).on('line', (line) => {
      if (line === 'go') return go();
      const { tokens, events, ended } = this;
      const times = line === 'end' && {
        first: summary(this.#first),
        ages: summary(this.#ages),
        gaps: summary(this.#gaps),
      };
      console.log(JSON.stringify({ tokens, events, ended, ...times }));
      if (line === 'end') process.exit();
    });
  }

  /** Takes the tokens of `text`, whose first stands at `from`, up to `to`. */
  take(reader: Reader, text: string, from: number, to: number): void {
    const now = microseconds();
    this.events++;
    for (let at = from; at + stampLength <= to; at += stampLength) {
      const age = ageOf(text, at, now);
      if (reader.readAt === 0) this.#first.push(now - reader.askedAt);
      // By how much the time between two tokens is another one than at their writing.
      else this.#gaps.push(Math.abs(age - reader.age));
      this.#ages.push(age);
      reader.age = age;
      reader.readAt = now;
      this.tokens++;
    }
  }
}

/** In milliseconds. */
function summary(microseconds: number[]) {
  const sorted = Float64Array.from(microseconds).sort();
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / 1000;
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** When the stream number `index` of `count` begins, in ms: at even distances, each moved a little so that no two keep time. */
export const beginning = (index: number, count: number, overMs: number): number =>
  ((index + ((index * 7919) % 1009) / 1009) * overMs) / count;
