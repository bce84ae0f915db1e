import type { LogEvent } from '../domain/merge.ts';

/** An event of a generation's log on its way to a subscriber: what the types of `GenerationEvent` resolve from. */
export interface GenerationEventOf {
  readonly generationId: string;
  readonly event: LogEvent;
}
