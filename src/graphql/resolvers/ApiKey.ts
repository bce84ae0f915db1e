import { notFound } from '../../domain/errors.ts';
import type { ApiKeyResolvers } from '../generated/resolvers.ts';

export const ApiKey: ApiKeyResolvers = {
  viewer: async ({ viewerId }, _args, { loaders }) => {
    const viewer = await loaders.viewers.load(viewerId);
    if (!viewer) throw notFound(`The viewer ${viewerId}`);
    return viewer;
  },
};
