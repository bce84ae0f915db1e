import type { MutationResolvers } from '../generated/resolvers.ts';

export const Mutation: MutationResolvers = {
  generate: async (_root, { input }, { viewer, generations }) => ({
    generation: await generations.submit(viewer, input),
  }),
  cancelGeneration: async (_root, { input }, { viewer, generations }) => ({
    generation: await generations.cancel(viewer, input.id),
  }),
  createConversation: async (_root, { input }, { viewer, conversations }) => ({
    conversation: await conversations.create(viewer, input.title ?? ''),
  }),
  sendMessage: (_root, { input }, { viewer, conversations }) => conversations.send(viewer, input),
  renameConversation: async (_root, { input }, { viewer, conversations }) => ({
    conversation: await conversations.rename(viewer, input.id, input.title),
  }),
  deleteConversation: async (_root, { input }, { viewer, conversations }) => {
    await conversations.delete(viewer, input.id);
    return { deletedId: input.id };
  },
  setVisibility: async (_root, { input }, { viewer, sharing }) => ({
    node: await sharing.setVisibility(viewer, input.id, input.visibility),
  }),
  createShareLink: (_root, { input }, { viewer, sharing }) =>
    sharing.createLink(viewer, input.id, input.expiresAt ?? null),
  revokeShareLink: async (_root, { input }, { viewer, sharing }) => ({
    link: await sharing.revokeLink(viewer, input.id),
  }),
};
