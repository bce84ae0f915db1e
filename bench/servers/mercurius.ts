/** Mercurius on Fastify, with its compiler and its own publish and subscribe, as its documentation has it. */
import fastify from 'fastify';
import { mercurius, type PubSub } from 'mercurius';
import { answer } from '../answers.ts';
import type { Play } from './raw.ts';
import { atRhythm } from './rhythm.ts';
import { type GenerationEvent, typeDefs } from './schema.ts';

const app = fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    Query: { ready: () => true },
    Subscription: {
      generation: {
        subscribe: (_: unknown, { id }: { id: string }, { pubsub }: { pubsub: PubSub }) => pubsub.subscribe(id),
      },
    },
  },
  jit: 1,
  subscription: true,
});

answer({
  listen: async () => `${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`,
  play: ({ events, everyMs }: Play<GenerationEvent>) =>
    atRhythm(events, everyMs, (event) =>
      app.graphql.pubsub.publish({ topic: 'gen_bench', payload: { generation: event } }),
    ),
});
