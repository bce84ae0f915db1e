import type { Context } from '../context.ts';
import type { ServiceResolvers } from '../generated/resolvers.ts';
import { loadOf } from './Model.ts';

/** The figures of all models, added up. */
async function total(key: 'running' | 'queued' | 'processed', { models, loaders }: Context): Promise<number> {
  const figures = await Promise.all(models.all().map(({ id }) => loaders.figures.load(id)));
  return figures.reduce((sum, model) => sum + model[key], 0);
}

export const Service: ServiceResolvers = {
  uptimeSeconds: ({ startedAt }) => Math.floor((Date.now() - startedAt) / 1000),
  load: async (_root, _args, context) => {
    const concurrency = context.models.all().reduce((sum, model) => sum + model.concurrency, 0);
    return loadOf(await total('running', context), concurrency);
  },
  running: (_root, _args, context) => total('running', context),
  queued: (_root, _args, context) => total('queued', context),
  requestsProcessed: (_root, _args, context) => total('processed', context),
};
