import type { Bus } from '../bus/bus.ts';
import type { Generation } from '../domain/generation.ts';
import { idPrefix } from '../domain/ids.ts';

/** What state subscriptions listen to. A message says what changed, never the new state: that is read afresh. */
export const viewerTopic = (viewerId: string): string => `viewer:${viewerId}`;
export const conversationTopic = (conversationId: string): string => `conversation:${conversationId}`;
export const modelsTopic = 'models';
/** Of all generations and conversations: changes are few, and most followers of one read it by right. */
export const sharingTopic = 'sharing';

export interface GenerationChange {
  readonly generationId: string;
}

export interface ModelChange {
  readonly modelId: string;
}

export interface SharingChange {
  /** Of the generation or conversation whose visibility has changed. */
  readonly id: string;
}

/** Tells whoever shows a generation's state that it changed: its viewer, its conversation, its model's figures. */
export async function tellGeneration(
  bus: Bus,
  { id, viewerId, modelId, conversationId }: Pick<Generation, 'id' | 'viewerId' | 'modelId' | 'conversationId'>,
): Promise<void> {
  const change: GenerationChange = { generationId: id };
  await bus.publish(viewerTopic(viewerId), change);
  if (conversationId) await tellConversation(bus, conversationId);
  await tellModel(bus, modelId);
}

export const tellConversation = (bus: Bus, id: string): Promise<void> => bus.publish(conversationTopic(id), {});

/** Tells whoever reads a generation or conversation that others may read it now, or no more. */
export async function tellSharing(bus: Bus, id: string): Promise<void> {
  await bus.publish(sharingTopic, { id } satisfies SharingChange);
  if (idPrefix(id) === 'conv') await tellConversation(bus, id);
}

export const tellModel = (bus: Bus, modelId: string): Promise<void> =>
  bus.publish(modelsTopic, { modelId } satisfies ModelChange);
