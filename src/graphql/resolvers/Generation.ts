import { isTheirs } from '../../domain/access.ts';
import { encodeCursor } from '../../domain/cursor.ts';
import type { GenerationResolvers } from '../generated/resolvers.ts';
import { shareLinks } from '../share-links.ts';

export const Generation: GenerationResolvers = {
  model: ({ modelId }, _args, { loaders }) => loaders.model(modelId),
  text: async (generation, _args, { loaders, texts }) => texts.take((await loaders.contents.load(generation)).text),
  cursor: async (generation, _args, { loaders }) =>
    encodeCursor(generation.id, (await loaders.contents.load(generation)).position),
  queuePosition: ({ id, status }, _args, { loaders }) => (status === 'QUEUED' ? loaders.queuePositions.load(id) : null),
  message: async ({ messageId, conversationId, viewerId }, _args, { loaders, viewer }) => {
    if (!messageId || !conversationId) return null;
    // Who may read a generation may not always read where it was said.
    const readable = isTheirs(viewer, viewerId) || (await loaders.conversations.load(conversationId)) !== null;
    return readable ? loaders.messages.load(messageId) : null;
  },
  shareLinks: ({ id, viewerId }, _args, context) => shareLinks(id, viewerId, context),
};
