import { mayReadViewer } from '../../domain/access.ts';
import type { Viewer as ViewerRow } from '../../domain/conversation.ts';
import { badInput, forbidden } from '../../domain/errors.ts';
import { connection, mostDays, pageRequest } from '../connections.ts';
import type { Context } from '../context.ts';
import type { DailyUsageResolvers, ViewerResolvers } from '../generated/resolvers.ts';
import { operationsPerSecond } from './Allowance.ts';

const dayMs = 86_400_000;

export const Viewer: ViewerResolvers = {
  name: ({ name }, _args, { texts }) => texts.take(name),
  role: (owner, _args, context) => asked(owner, context).role,
  conversations: async (owner, args, context) =>
    connection(await context.store.conversations.page(asked(owner, context).id, pageRequest(args))),
  generations: async (owner, { status, ...args }, context) =>
    connection(await context.generations.page(asked(owner, context).id, pageRequest(args), status ?? undefined)),
  usage: (owner, _args, context) => context.loaders.usage.load(asked(owner, context).id),
  usageByDay: (owner, { last }, context) => {
    const { id } = asked(owner, context);
    if (last < 1 || last > mostDays) throw badInput(`\`last\` must be from 1 to ${mostDays}.`);
    const today = Math.floor(Date.now() / dayMs);
    return context.loaders.dailyUsage.load({ viewerId: id, from: (today + 1 - last) * dayMs });
  },
  limits: async (owner, _args, context) => {
    const { id } = asked(owner, context);
    const [limits, perSecond] = await Promise.all([
      context.loaders.limits.load(asked(owner, context)),
      operationsPerSecond(context.rates, id),
    ]);
    return { ...limits, operationsPerSecond: perSecond };
  },
};

export const DailyUsage: DailyUsageResolvers = {
  model: ({ modelId }, _args, { loaders }) => loaders.model(modelId),
};

/** The viewer whose own affairs are asked for; others than they themselves come here by what is shared. @throws `FORBIDDEN` */
function asked(owner: ViewerRow, { viewer }: Context): ViewerRow {
  if (mayReadViewer(viewer, owner.id)) return owner;
  throw forbidden(`Only ${owner.id} and admins may see more of this viewer than id and name.`);
}
