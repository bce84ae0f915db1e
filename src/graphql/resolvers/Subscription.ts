import { notFound } from '../../domain/errors.ts';
import { polled } from '../../domain/polled.ts';
import type { MyGeneration } from '../../generation/generation.ts';
import type { Context } from '../context.ts';
import type { SubscriptionResolvers } from '../generated/resolvers.ts';
import { Events } from '../source.ts';

export const Subscription: SubscriptionResolvers = {
  generation: {
    subscribe: async (_root, { id, after }, { generations, viewer }) => {
      const following = await generations.follow(viewer, id, after ?? undefined);
      return new Events(following, (event) => ({ generation: { generationId: id, event } }), id);
    },
  },
  model: {
    subscribe: async (_root, { id }, { models }) => {
      if (id != null && !models.byId(id)) throw notFound(`The model ${id}`);
      return new Events(polled(models.follow(id ?? undefined)), (model) => ({ model }));
    },
  },
  conversation: {
    subscribe: async (_root, { id }, { conversations, viewer }) =>
      new Events(polled(await conversations.follow(viewer, id)), (conversation) => ({ conversation })),
  },
  myGenerations: {
    subscribe: (_root, _args, { generations, viewer }) =>
      new Events(polled(generations.followMine(viewer)), (myGenerations) => ({ myGenerations })),
    resolve: ({ myGenerations }: { myGenerations: MyGeneration }, _args: object, { loaders }: Context) => {
      const { generation, queuePosition } = myGenerations;
      // Known already: asked for each of a long line, it would be counted anew each time.
      loaders.queuePositions.prime(generation.id, queuePosition);
      return generation;
    },
  },
};
