import { mayAccess } from '../../domain/access.ts';
import { idPrefix } from '../../domain/ids.ts';
import type { Context } from '../context.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';

const findModel = (id: string, { models }: Context) => models.all().find((model) => model.id === id) ?? null;

async function findMessage(id: string, { loaders }: Context) {
  const message = await loaders.messages.load(id);
  return message && (await loaders.conversations.load(message.conversationId)) ? message : null;
}

async function findViewer(id: string, { loaders, viewer }: Context) {
  return mayAccess(viewer, id) ? loaders.viewers.load(id) : null;
}

export const Query: QueryResolvers = {
  node: (_root, { id }, context) => {
    switch (idPrefix(id)) {
      case 'gen':
        return context.loaders.generations.load(id);
      case 'conv':
        return context.loaders.conversations.load(id);
      case 'msg':
        return findMessage(id, context);
      case 'usr':
        return findViewer(id, context);
      default:
        return findModel(id, context);
    }
  },
  viewer: (_root, _args, { viewer }) => viewer,
  service: () => ({}) as never,
  models: (_root, _args, { models }) => [...models.all()],
  model: (_root, { id }, context) => findModel(id, context),
  generation: (_root, { id }, { loaders }) => loaders.generations.load(id),
  conversation: (_root, { id }, { loaders }) => loaders.conversations.load(id),
};
