import { encodeCursor } from '../../domain/cursor.ts';
import type { GenerationResolvers } from '../generated/resolvers.ts';
import { modelOf } from './Model.ts';

export const Generation: GenerationResolvers = {
  model: ({ modelId }, _args, { models }) => modelOf(models, modelId),
  text: async (generation, _args, { loaders }) => (await loaders.contents.load(generation)).text,
  cursor: async (generation, _args, { loaders }) =>
    encodeCursor(generation.id, (await loaders.contents.load(generation)).position),
  queuePosition: ({ id, status }, _args, { loaders }) => (status === 'QUEUED' ? loaders.queuePositions.load(id) : null),
  message: ({ messageId }, _args, { loaders }) => (messageId ? loaders.messages.load(messageId) : null),
};
