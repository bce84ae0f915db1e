import { notFound } from '../../domain/errors.ts';
import type { Source } from '../../generation/generation.ts';
import { AnswerText, charactersOfEvent } from '../answer-text.ts';
import type { Context } from '../context.ts';
import type { SubscriptionResolvers } from '../generated/resolvers.ts';
import { createLoaders } from '../loaders.ts';
import { iterate } from '../source.ts';

/** The iterator of one field; each of its events is loaded afresh. */
const field = <Name extends string, Value, Mapped>(
  name: Name,
  context: Context,
  source: Source<Value>,
  map: (value: Value) => Mapped,
) =>
  iterate(
    source,
    (value) => ({ [name]: map(value) }) as Record<Name, Mapped>,
    () => {
      context.loaders = createLoaders(context, context.viewer);
      context.texts = new AnswerText(charactersOfEvent);
    },
  );

export const Subscription: SubscriptionResolvers = {
  generation: {
    subscribe: async (_root, { id, after }, context) => {
      const following = await context.generations.follow(context.viewer, id, after ?? undefined);
      return field('generation', context, following, (event) => ({ generationId: id, event }));
    },
  },
  model: {
    subscribe: async (_root, { id }, context) => {
      const { models } = context;
      if (id != null && !models.byId(id)) throw notFound(`The model ${id}`);
      return field('model', context, models.follow(id ?? undefined), (model) => model);
    },
  },
  conversation: {
    subscribe: async (_root, { id }, context) => {
      const source = await context.conversations.follow(context.viewer, id);
      return field('conversation', context, source, (conversation) => conversation);
    },
  },
  myGenerations: {
    subscribe: (_root, _args, context) => {
      const source = context.generations.followMine(context.viewer);
      return field('myGenerations', context, source, ({ generation, queuePosition }) => {
        // Known already: asked for each of a long line, it would be counted anew each time.
        context.loaders.queuePositions.prime(generation.id, queuePosition);
        return generation;
      });
    },
  },
};
