import type { Bus } from '../../src/bus/bus.ts';
import { below } from '../random.ts';

/** A bus as bad as its contract allows, and worse: it loses messages, doubles them, and changes their order. */
export function lossyBus(bus: Bus, random: () => number): Bus {
  return {
    ...bus,
    async publish(topic, message) {
      const copies = random() < 0.25 ? 0 : random() < 0.25 ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (random() < 0.3) void turns(1 + below(random, 10)).then(() => bus.publish(topic, message));
        else await bus.publish(topic, message);
      }
    },
  };
}

/** Resolves so many turns of the event loop later. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => immediate(resolve));
}
// The real one, also where a test has replaced all timers.
const immediate = setImmediate;
