import { idPrefix } from '../../domain/ids.ts';
import type { NodeResolvers } from '../generated/resolvers.ts';

const typeNames = {
  gen: 'Generation',
  conv: 'Conversation',
  msg: 'Message',
  usr: 'Viewer',
  key: 'ApiKey',
  evt: 'AuditEvent',
} as const;

export const Node: NodeResolvers = {
  __resolveType: ({ id }) => {
    const prefix = idPrefix(id);
    return prefix ? typeNames[prefix] : 'Model';
  },
};
