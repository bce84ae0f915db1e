import { mayAccess } from '../../domain/access.ts';
import { MillraceError } from '../../domain/errors.ts';
import { connection, pageRequest } from '../connections.ts';
import type { ViewerResolvers } from '../generated/resolvers.ts';
import { operationsPerSecond } from './Allowance.ts';

export const Viewer: ViewerResolvers = {
  conversations: async ({ id }, args, { store }) => connection(await store.conversations.page(id, pageRequest(args))),
  generations: async ({ id }, { status, ...args }, { generations }) =>
    connection(await generations.page(id, pageRequest(args), status ?? undefined)),
  usage: ({ id }, _args, { store }) => store.generations.usage(id),
  limits: async ({ id }, _args, { viewer, rates }) => {
    if (!mayAccess(viewer, id)) throw new MillraceError('FORBIDDEN', 'Only they and admins may see this.');
    return { operationsPerSecond: await operationsPerSecond(rates, id) };
  },
};
