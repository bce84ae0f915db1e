import { randomFillSync } from 'node:crypto';

/** The prefixes of the ids of nodes; an id without one of them is a model's. */
export const nodePrefixes = ['gen', 'conv', 'msg', 'usr', 'key', 'evt'] as const;

export type NodePrefix = (typeof nodePrefixes)[number];
export type IdPrefix = NodePrefix | 'link';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const random = new Uint8Array(16);
let lastTime = 0;

/**
 * A new global id: prefix, `_`, 10 characters of time, 16 random ones (Crockford's base 32, 80 bits).
 * Ids of one process sort by creation; ids of several sort by their clocks, to the millisecond.
 */
export function newId(prefix: IdPrefix, now = Date.now()): string {
  lastTime = Math.max(now, lastTime + 1);
  let id = '';
  for (let time = lastTime, i = 0; i < 10; i++, time = Math.floor(time / 32)) id = alphabet[time % 32] + id;
  for (const byte of randomFillSync(random)) id += alphabet[byte % 32];
  return `${prefix}_${id}`;
}

/** The prefix of a node's id, or undefined where it has none of ours. */
export function idPrefix(id: string): NodePrefix | undefined {
  return nodePrefixes.find((prefix) => id.startsWith(`${prefix}_`));
}
