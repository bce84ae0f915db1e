import { mayReadViewer } from '../../domain/access.ts';
import type { Viewer as ViewerRow } from '../../domain/conversation.ts';
import { forbidden } from '../../domain/errors.ts';
import { connection, pageRequest } from '../connections.ts';
import type { Context } from '../context.ts';
import type { ViewerResolvers } from '../generated/resolvers.ts';

export const Viewer: ViewerResolvers = {
  role: (owner, _args, context) => asked(owner, context).role,
  conversations: async (owner, args, context) =>
    connection(await context.store.conversations.page(asked(owner, context).id, pageRequest(args))),
  generations: async (owner, { status, ...args }, context) =>
    connection(await context.generations.page(asked(owner, context).id, pageRequest(args), status ?? undefined)),
  usage: (owner, _args, context) => context.store.generations.usage(asked(owner, context).id),
};

/** The viewer whose own affairs are asked for; others than they themselves come here by what is shared. @throws `FORBIDDEN` */
function asked(owner: ViewerRow, { viewer }: Context): ViewerRow {
  if (mayReadViewer(viewer, owner.id)) return owner;
  throw forbidden(`Only ${owner.id} and admins may see more of this viewer than id and name.`);
}
