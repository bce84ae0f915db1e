import type { AuditEventResolvers } from '../generated/resolvers.ts';

export const AuditEvent: AuditEventResolvers = {
  actor: ({ actorId }, _args, { loaders }) => (actorId === null ? null : loaders.viewers.load(actorId)),
  detail: ({ detail }, _args, { texts }) => texts.take(JSON.stringify(detail)),
};
