/** Mercurius on Fastify, with its compiler and its own publish and subscribe, as its documentation has it. */
import fastify from 'fastify';
import { mercurius, type PubSub } from 'mercurius';
import { answer } from '../answers.ts';
import { type Context, createContext, type GenerationEvent, resolvers, typeDefs } from './peer.ts';
import type { Play } from './raw.ts';
import { atRhythm } from './rhythm.ts';

declare module 'mercurius' {
  interface MercuriusContext extends Context {}
}

const app = fastify();
app.register(mercurius, {
  schema: typeDefs,
  resolvers: {
    ...resolvers,
    Subscription: {
      generation: {
        subscribe: (_: unknown, { id }: { id: string }, { pubsub }: { pubsub: PubSub }) => pubsub.subscribe(id),
      },
    },
  },
  context: createContext,
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
