import { mayAdminister, mayReadViewer } from '../../domain/access.ts';
import { idPrefix } from '../../domain/ids.ts';
import { connection, pageRequest } from '../connections.ts';
import type { Context } from '../context.ts';
import type { QueryResolvers } from '../generated/resolvers.ts';
import { onlyAdmins } from '../oversight.ts';

async function findMessage(id: string, { loaders }: Context) {
  const message = await loaders.messages.load(id);
  return message && (await loaders.conversations.load(message.conversationId)) ? message : null;
}

async function findViewer(id: string, { loaders, viewer }: Context) {
  return mayReadViewer(viewer, id) ? loaders.viewers.load(id) : null;
}

async function findKey(id: string, { store, viewer }: Context) {
  return mayAdminister(viewer) ? ((await store.keys.byIds([id]))[0]?.key ?? null) : null;
}

async function findAuditEvent(id: string, { store, viewer }: Context) {
  return mayAdminister(viewer) ? ((await store.audit.byIds([id]))[0] ?? null) : null;
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
      case 'key':
        return findKey(id, context);
      case 'evt':
        return findAuditEvent(id, context);
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
  apiKeys: async (_root, args, { viewer, keys }) => {
    onlyAdmins(viewer, 'see API keys');
    return connection(await keys.page(pageRequest(args)));
  },
  auditEvents: async (_root, args, { viewer, store }) => {
    onlyAdmins(viewer, 'see the audit log');
    return connection(await store.audit.page(pageRequest(args)));
  },
};
