import { mayReadViewer } from '../../domain/access.ts';
import { idPrefix } from '../../domain/ids.ts';
import type { Context } from '../context.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';

async function findMessage(id: string, { loaders }: Context) {
  const message = await loaders.messages.load(id);
  return message && (await loaders.conversations.load(message.conversationId)) ? message : null;
}

async function findViewer(id: string, { loaders, viewer }: Context) {
  return mayReadViewer(viewer, id) ? loaders.viewers.load(id) : null;
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
        return context.models.byId(id) ?? null;
    }
  },
  viewer: (_root, _args, { viewer }) => viewer,
  service: (_root, _args, { service }) => service,
  models: (_root, _args, { models }) => [...models.all()],
  model: (_root, { id }, { models }) => models.byId(id) ?? null,
  generation: (_root, { id }, { loaders }) => loaders.generations.load(id),
  conversation: (_root, { id }, { loaders }) => loaders.conversations.load(id),
};
