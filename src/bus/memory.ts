import type { Bus } from './bus.ts';

/** A bus within this process. Messages arrive before `publish` returns. */
export function memoryBus(): Bus {
  const topics = new Map<string, Set<(message: unknown) => void>>();

  return {
    async publish(topic, message) {
      for (const listener of topics.get(topic) ?? []) listener(message);
    },

    async subscribe(topic, listener) {
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners);
      // A wrapper of its own, so that one function may listen twice.
      const own = (message: unknown) => listener(message);
      listeners.add(own);
      return () => {
        listeners.delete(own);
        if (listeners.size === 0 && topics.get(topic) === listeners) topics.delete(topic);
      };
    },

    async check() {},

    async close() {
      topics.clear();
    },
  };
}
