import { connection, pageRequest } from '../connections.ts';
import type { ViewerResolvers } from '../generated/resolvers.ts';

export const Viewer: ViewerResolvers = {
  conversations: async ({ id }, args, { store }) => connection(await store.conversations.page(id, pageRequest(args))),
  generations: async ({ id }, { status, ...args }, { generations }) =>
    connection(await generations.page(id, pageRequest(args), status ?? undefined)),
  usage: ({ id }, _args, { store }) => store.generations.usage(id),
};
