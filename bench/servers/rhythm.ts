import { setTimeout as sleep } from 'node:timers/promises';

/** Gives one after the other, at a steady rhythm: being late once makes none of the others late. */
export async function atRhythm<One>(all: readonly One[], everyMs: number, give: (one: One) => unknown): Promise<void> {
  const began = performance.now();
  for (const [index, one] of all.entries()) {
    const due = began + index * everyMs - performance.now();
    if (due > 0) await sleep(due);
    give(one);
  }
}
