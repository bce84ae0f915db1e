/** What a bench gives, and how figures of runs are put together. */

export interface Bench {
  readonly name: string;
  /** What is measured, in a sentence or two. */
  readonly what: string;
  run(): Promise<Result>;
}

/** One table, and the promises that it is to show. */
export interface Result {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly bars: readonly Bar[];
}

/** One promise: what was measured, and what it is to be. */
export interface Bar {
  readonly what: string;
  readonly measured: string;
  readonly bar: string;
  readonly held: boolean;
}

/** How often each way is measured where a bar is a ratio; `ROUNDS=1` is for a quick look. */
export const rounds = Number(process.env.ROUNDS ?? 5);

/**
 * Runs every way once a round, in turn, so that whatever else the machine does falls on all of them alike. Each round
 * begins with another one. Gives each way's figures by round.
 */
export async function alternating<Figure, Name extends string>(
  ways: Readonly<Record<Name, () => Promise<Figure>>>,
  count = rounds,
): Promise<Record<Name, Figure[]>> {
  const names = Object.keys(ways) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as Figure[]])) as Record<Name, Figure[]>;
  for (let round = 0; round < count; round++) {
    for (let place = 0; place < names.length; place++) {
      const name = names[(round + place) % names.length] as Name;
      process.stderr.write(`  round ${round + 1} of ${count}: ${name}\n`);
      figures[name][round] = await ways[name]();
    }
  }
  return figures;
}

/** The middle one; of an even number the mean of the two in the middle. NaN of none. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The figure below which `share` of them are, from 0 to 1. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The median, and the least and the greatest in brackets. */
export function spread(figures: readonly number[], digits = 2): string {
  const [least, most] = [Math.min(...figures), Math.max(...figures)].map((figure) => figure.toFixed(digits));
  return `${median(figures).toFixed(digits)} (${least} to ${most})`;
}

/** Figures by round, each divided by the other's of the same round. */
export const ratios = (figures: readonly number[], by: readonly number[]): number[] =>
  figures.map((figure, round) => figure / (by[round] ?? Number.NaN));

/** A bar that the median is to reach. */
export function atLeast(what: string, figures: readonly number[], bar: number, unit = ''): Bar {
  const held = median(figures) >= bar;
  return { what, measured: `${spread(figures)}${unit}`, bar: `at least ${bar}${unit}`, held };
}

/** A bar that the median is not to go over. */
export function atMost(what: string, figures: readonly number[], bar: number, unit = ''): Bar {
  const held = median(figures) <= bar;
  return { what, measured: `${spread(figures)}${unit}`, bar: `at most ${bar}${unit}`, held };
}
