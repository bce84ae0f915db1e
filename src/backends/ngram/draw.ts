import { hash } from 'node:crypto';

const SPAN = 2 ** 32;

/** Spreads 32 bits: inputs that differ in one bit give outputs that have nothing in common. */
function scatter(bits: number): number {
  let mixed = bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** The random numbers of one seed: the n-th is the same whenever it is asked for, in [0, 1). */
export function drawsOf(seed: number): (index: number) => number {
  const low = scatter(seed | 0);
  const high = scatter(Math.floor(seed / SPAN) | 0);
  const key = scatter(low ^ Math.imul(high, 0x9e3779b1));
  return (index) => (scatter(scatter(index ^ key) + key) >>> 0) / SPAN;
}

/** The seed of a request that has none: every attempt of its generation draws the same numbers, the next one others. */
export const seedOf = (generationId: string): number => hash('sha256', generationId, 'buffer').readUIntLE(0, 6);
