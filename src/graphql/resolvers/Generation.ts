import { encodeCursor } from '../../domain/cursor.ts';
import { notFound } from '../../domain/errors.ts';
import type { GenerationResolvers } from '../generated/resolvers.ts';

export const Generation: GenerationResolvers = {
  model: ({ modelId }, _args, { models }) => {
    const model = models.all().find(({ id }) => id === modelId);
    if (!model) throw notFound(`The model ${modelId}`);
    return model;
  },
  text: async (generation, _args, { loaders }) => (await loaders.contents.load(generation)).text,
  cursor: async (generation, _args, { loaders }) =>
    encodeCursor(generation.id, (await loaders.contents.load(generation)).position),
  queuePosition: ({ id, status }, _args, { loaders }) => (status === 'QUEUED' ? loaders.queuePositions.load(id) : null),
  message: ({ messageId }, _args, { loaders }) => (messageId ? loaders.messages.load(messageId) : null),
};
