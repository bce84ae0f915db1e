import { notFound } from '../../domain/errors.ts';
import type { Generation } from '../../domain/generation.ts';
import type { Context } from '../context.ts';
import type { MessageResolvers } from '../generated/resolvers.ts';
import { whenHere } from '../rows.ts';

export const Message: MessageResolvers = {
  text: ({ text, generationId }, _args, context) =>
    text === null ? generatedText(generationId, context) : context.texts.take(text),
  author: ({ authorId }, _args, { loaders }) => (authorId ? loaders.viewers.get(authorId) : null),
  generation: ({ generationId }, _args, { loaders }) => (generationId ? loaders.generations.get(generationId) : null),
  conversation: async ({ conversationId }, _args, { loaders }) => {
    const conversation = await loaders.conversations.load(conversationId);
    if (!conversation) throw notFound(`The conversation ${conversationId}`);
    return conversation;
  },
};

function generatedText(id: string | null, { loaders, texts }: Context): string | Promise<string> {
  if (!id) return '';
  const textOf = (generation: Generation | null) =>
    generation ? loaders.contents.load(generation).then(({ text }) => texts.take(text)) : '';
  return whenHere(loaders.generations.get(id), textOf);
}
