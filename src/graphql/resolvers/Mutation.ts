import type { MutationResolvers } from '../generated/resolvers.ts';
import { onlyAdmins, ownerOf, writeDown } from '../oversight.ts';

export const Mutation: MutationResolvers = {
  generate: async (_root, { input }, { viewer, generations }) => ({
    generation: await generations.submit(viewer, input),
  }),
  cancelGeneration: async (_root, { input }, context) => {
    const generation = await context.generations.cancel(context.viewer, input.id);
    await writeDown(context, 'GENERATION_CANCELLED', { ownerId: generation.viewerId, subjectId: input.id });
    return { generation };
  },
  createConversation: async (_root, { input }, { viewer, conversations }) => ({
    conversation: await conversations.create(viewer, input.title ?? ''),
  }),
  sendMessage: async (_root, { input }, context) => {
    const ownerId = await ownerOf(input.conversationId, context);
    const sent = await context.conversations.send(context.viewer, input);
    await writeDown(context, 'MESSAGE_SENT', { ownerId, subjectId: input.conversationId });
    return sent;
  },
  renameConversation: async (_root, { input }, context) => {
    const conversation = await context.conversations.rename(context.viewer, input.id, input.title);
    await writeDown(context, 'CONVERSATION_RENAMED', { ownerId: conversation.ownerId, subjectId: input.id });
    return { conversation };
  },
  deleteConversation: async (_root, { input }, context) => {
    const ownerId = await ownerOf(input.id, context);
    await context.conversations.delete(context.viewer, input.id);
    await writeDown(context, 'CONVERSATION_DELETED', { ownerId, subjectId: input.id });
    return { deletedId: input.id };
  },
  setVisibility: async (_root, { input: { id, visibility } }, context) => {
    const node = await context.sharing.setVisibility(context.viewer, id, visibility);
    await writeDown(context, 'VISIBILITY_CHANGED', { ownerId: await ownerOf(id, context), subjectId: id, visibility });
    return { node };
  },
  createShareLink: async (_root, { input: { id, expiresAt = null } }, context) => {
    const made = await context.sharing.createLink(context.viewer, id, expiresAt);
    const ownerId = await ownerOf(id, context);
    await writeDown(context, 'LINK_CREATED', { ownerId, subjectId: id, link: made.link.id });
    return made;
  },
  revokeShareLink: async (_root, { input: { id } }, context) => {
    const link = await context.sharing.revokeLink(context.viewer, id);
    const ownerId = await ownerOf(link.targetId, context);
    await writeDown(context, 'LINK_REVOKED', { ownerId, subjectId: link.targetId, link: id });
    return { link };
  },
  createApiKey: async (
    _root,
    { input: { name, role = 'MEMBER', viewer: viewerId = null, expiresAt = null } },
    context,
  ) => {
    onlyAdmins(context.viewer, 'make API keys');
    const by = { actorId: context.viewer.id, ip: context.ip };
    const { key, token } = await context.keys.create({ name, role, viewerId, expiresAt }, by);
    return { apiKey: key, secret: token };
  },
  revokeApiKey: async (_root, { input }, { viewer, ip, keys }) => {
    onlyAdmins(viewer, 'revoke API keys');
    return { apiKey: await keys.revoke(input.id, { actorId: viewer.id, ip }) };
  },
};
