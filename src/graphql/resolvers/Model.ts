import type { Model as ModelRow } from '../../domain/model.ts';
import type { Context } from '../context.ts';
import type { ModelResolvers } from '../generated/resolvers.ts';
import { onlyAdmins } from '../oversight.ts';

const figures = ({ id }: ModelRow, { loaders }: Context) => loaders.figures.load(id);

/** The share of a capacity that is in use. A backend taken out of the configuration may leave more running than fits. */
export const loadOf = (running: number, concurrency: number): number =>
  concurrency === 0 ? 0 : Math.min(1, running / concurrency);

export const Model: ModelResolvers = {
  load: async (model, _args, context) => loadOf((await figures(model, context)).running, model.concurrency),
  running: async (model, _args, context) => (await figures(model, context)).running,
  queued: async (model, _args, context) => (await figures(model, context)).queued,
  uptimeSeconds: ({ onlineSince }) => (onlineSince === null ? null : Math.floor((Date.now() - onlineSince) / 1000)),
  requestsProcessed: async (model, _args, context) => (await figures(model, context)).processed,
  tokensPerSecond: async (model, _args, context) => (await figures(model, context)).tokensPerSecond,
  timeToFirstTokenMs: async (model, _args, context) => (await figures(model, context)).timeToFirstTokenMs,
  backends: ({ backends }, _args, { viewer }) => {
    onlyAdmins(viewer, 'see backends');
    return [...backends];
  },
};
