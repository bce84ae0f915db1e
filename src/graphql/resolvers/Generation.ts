import { encodeCursor } from '../../domain/cursor.ts';
import type { Model } from '../../domain/model.ts';
import type { GenerationResolvers } from '../generated/resolvers.ts';

export const Generation: GenerationResolvers = {
  model: ({ modelId }, _args, { models }) => models.byId(modelId) ?? retired(modelId),
  text: async (generation, _args, { loaders }) => (await loaders.contents.load(generation)).text,
  cursor: async (generation, _args, { loaders }) =>
    encodeCursor(generation.id, (await loaders.contents.load(generation)).position),
  queuePosition: ({ id, status }, _args, { loaders }) => (status === 'QUEUED' ? loaders.queuePositions.load(id) : null),
  message: ({ messageId }, _args, { loaders }) => (messageId ? loaders.messages.load(messageId) : null),
};

/** A model that the configuration does not name any more: its generations stay readable. */
const retired = (id: string): Model => {
  return { id, name: id, status: 'OFFLINE', concurrency: 0, onlineSince: null, backends: [] };
};
