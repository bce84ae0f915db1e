import { answer } from '../answers.ts';
import { percentile } from '../bench.ts';
import { ageOf, microseconds, stampLength } from '../clock.ts';

/** How streams are asked for: at even distances, each moved a little, so that no two keep time. */
export interface Asked {
  readonly port: number;
  readonly streams: number;
  readonly overMs: number;
  /** More headers of the request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Times in ms. */
export interface Times {
  /** From the question to the first token. */
  readonly first: Percentiles;
  /** By how much the time between two tokens was another one than at their writing. */
  readonly between: Percentiles;
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

/** One who reads a stream. */
export class Reader {
  readonly #askedAt = microseconds();
  /** How old the last token was when it came. */
  #age: number | undefined;

  /** Takes the tokens that stand in `text` from `from` up to `to`. */
  take(text: string, from: number, to: number): void {
    const now = microseconds();
    for (let at = from; at + stampLength <= to; at += stampLength) {
      const age = ageOf(text, at, now);
      if (this.#age === undefined) first.push(now - this.#askedAt);
      else between.push(Math.abs(age - this.#age));
      this.#age = age;
      tokens++;
    }
  }
}

let tokens = 0;
const first: number[] = [];
const between: number[] = [];

/** Has the bench begin streams here, which `open` prepares, and ask what came of them. */
export function serveStreams(
  begin: (asked: Asked, index: number) => void,
  open: (asked: Asked) => Promise<void> = async () => {},
): void {
  answer({
    open,
    begin(asked: Asked): void {
      const distance = asked.overMs / asked.streams;
      for (let index = 0; index < asked.streams; index++)
        setTimeout(() => begin(asked, index), distance * (index + ((index * 7_919) % 1_009) / 1_009));
    },
    tokens: (): number => tokens,
    times: (): Times => ({ first: percentiles(first), between: percentiles(between) }),
  });
}

function percentiles(figures: readonly number[]): Percentiles {
  const at = (share: number) => percentile(figures, share) / 1000;
  return { count: figures.length, p50: at(0.5), p99: at(0.99) };
}
