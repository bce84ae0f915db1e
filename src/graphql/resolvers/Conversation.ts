import { notFound } from '../../domain/errors.ts';
import { connection, pageRequest } from '../connections.ts';
import type { ConversationResolvers } from '../generated/resolvers.ts';
import { shareLinks } from '../share-links.ts';

export const Conversation: ConversationResolvers = {
  title: ({ title }, _args, { texts }) => texts.take(title),
  owner: async ({ ownerId }, _args, { loaders }) => {
    const owner = await loaders.viewers.load(ownerId);
    if (!owner) throw notFound(`The viewer ${ownerId}`);
    return owner;
  },
  messages: async ({ id }, args, { loaders }) =>
    connection(await loaders.messagePages.load({ conversationId: id, page: pageRequest(args) })),
  lastMessage: ({ lastMessageId }, _args, { loaders }) => (lastMessageId ? loaders.messages.load(lastMessageId) : null),
  activeGeneration: async ({ activeGenerationId }, _args, { loaders }) => {
    const generation = activeGenerationId ? await loaders.generations.load(activeGenerationId) : null;
    // Its log may have ended just now, and its row not yet.
    return generation && generation.endedAt === null ? generation : null;
  },
  shareLinks: ({ id, ownerId }, _args, context) => shareLinks(id, ownerId, context),
};
