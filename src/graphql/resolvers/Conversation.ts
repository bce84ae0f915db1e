import { notFound } from '../../domain/errors.ts';
import { connection, pageRequest } from '../connections.ts';
import type { ConversationResolvers } from '../generated/resolvers.ts';
import { whenHere } from '../rows.ts';
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
  lastMessage: ({ lastMessageId }, _args, { loaders }) => (lastMessageId ? loaders.messages.get(lastMessageId) : null),
  // Its log may have ended just now, and its row not yet.
  activeGeneration: ({ activeGenerationId }, _args, { loaders }) =>
    activeGenerationId
      ? whenHere(loaders.generations.get(activeGenerationId), (found) => (found?.endedAt === null ? found : null))
      : null,
  shareLinks: ({ id, ownerId }, _args, context) => shareLinks(id, ownerId, context),
};
