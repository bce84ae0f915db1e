import { notFound } from '../../domain/errors.ts';
import type { MessageResolvers } from '../generated/resolvers.ts';

export const Message: MessageResolvers = {
  text: async ({ text, generationId }, _args, { loaders, texts }) => {
    if (text !== null) return texts.take(text);
    const generation = generationId ? await loaders.generations.load(generationId) : null;
    return generation ? texts.take((await loaders.contents.load(generation)).text) : '';
  },
  author: ({ authorId }, _args, { loaders }) => (authorId ? loaders.viewers.load(authorId) : null),
  generation: ({ generationId }, _args, { loaders }) => (generationId ? loaders.generations.load(generationId) : null),
  conversation: async ({ conversationId }, _args, { loaders }) => {
    const conversation = await loaders.conversations.load(conversationId);
    if (!conversation) throw notFound(`The conversation ${conversationId}`);
    return conversation;
  },
};
