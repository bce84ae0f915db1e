/** Places on backends that several processes share: a backend takes so many requests at once, whoever sends them. */
export interface Slots {
  /**
   * A place on a backend that takes at most `limit` requests at once; undefined where all are taken. The place is held
   * until `release`, and a little longer than the process lives.
   */
  take(backend: string, limit: number): Promise<Slot | undefined>;
}

export interface Slot {
  release(): void;
}

/** What the places on a model's backend are asked for by. */
export const nameOfSlots = (modelId: string, backend: string): string => `${modelId}/${backend}`;

/** For a process that has its backends to itself: the pool counts, and that is enough. */
export const ownSlots: Slots = { take: async () => ({ release() {} }) };
