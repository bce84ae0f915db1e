import { notFound } from '../../domain/errors.ts';
import type { Context } from '../context.ts';
import type { MessageResolvers } from '../generated/resolvers.ts';

export const Message: MessageResolvers = {
  text: ({ text, generationId }, _args, context) =>
    text === null ? generatedText(generationId, context) : context.texts.take(text),
  author: ({ authorId }, _args, { loaders }) => (authorId ? loaders.viewers.load(authorId) : null),
  generation: ({ generationId }, _args, { loaders }) => (generationId ? loaders.generations.load(generationId) : null),
  conversation: async ({ conversationId }, _args, { loaders }) => {
    const conversation = await loaders.conversations.load(conversationId);
    if (!conversation) throw notFound(`The conversation ${conversationId}`);
    return conversation;
  },
};

async function generatedText(id: string | null, { loaders, texts }: Context): Promise<string> {
  const generation = id ? await loaders.generations.load(id) : null;
  return generation ? texts.take((await loaders.contents.load(generation)).text) : '';
}
