import { mayAccess } from '../../domain/access.ts';
import { badInput, MillraceError } from '../../domain/errors.ts';
import { connection, pageRequest } from '../connections.ts';
import type { Context } from '../context.ts';
import type { DailyUsageResolvers, ViewerResolvers } from '../generated/resolvers.ts';
import { operationsPerSecond } from './Allowance.ts';
import { modelOf } from './Model.ts';

const mostDays = 366;
const dayMs = 86_400_000;

/** Others may meet a viewer as the author of what they read; what that viewer has done is not theirs to know. */
function checkOwn({ viewer }: Context, id: string): void {
  if (!mayAccess(viewer, id)) throw new MillraceError('FORBIDDEN', 'Only they and admins may see this.');
}

export const Viewer: ViewerResolvers = {
  conversations: async ({ id }, args, { store }) => connection(await store.conversations.page(id, pageRequest(args))),
  generations: async ({ id }, { status, ...args }, { generations }) =>
    connection(await generations.page(id, pageRequest(args), status ?? undefined)),
  usage: ({ id }, _args, context) => {
    checkOwn(context, id);
    return context.loaders.usage.load(id);
  },
  usageByDay: ({ id }, { last }, context) => {
    checkOwn(context, id);
    if (last < 1 || last > mostDays) throw badInput(`\`last\` must be from 1 to ${mostDays}.`);
    const today = Math.floor(Date.now() / dayMs);
    return context.loaders.dailyUsage.load({ viewerId: id, from: (today + 1 - last) * dayMs });
  },
  limits: async ({ id }, _args, context) => {
    checkOwn(context, id);
    const [limits, perSecond] = await Promise.all([
      context.loaders.limits.load(id),
      operationsPerSecond(context.rates, id),
    ]);
    return { ...limits, operationsPerSecond: perSecond };
  },
};

export const DailyUsage: DailyUsageResolvers = {
  model: ({ modelId }, _args, { models }) => modelOf(models, modelId),
};
