/** Apollo Server 5 on Express, with graphql-ws and the PubSub of graphql-subscriptions, as its documentation has it. */
import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginDrainHttpServer } from '@apollo/server/plugin/drainHttpServer';
import { expressMiddleware } from '@as-integrations/express5';
import { makeExecutableSchema } from '@graphql-tools/schema';
import cors from 'cors';
import express from 'express';
import { PubSub } from 'graphql-subscriptions';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { answer } from '../answers.ts';
import { listening } from './listening.ts';
import { type Context, createContext, type GenerationEvent, resolvers, typeDefs } from './peer.ts';
import type { Play } from './raw.ts';
import { atRhythm } from './rhythm.ts';

const pubSub = new PubSub();

const schema = makeExecutableSchema({
  typeDefs,
  resolvers: {
    ...resolvers,
    Subscription: {
      generation: { subscribe: (_: unknown, { id }: { id: string }) => pubSub.asyncIterableIterator(id) },
    },
  },
});

const app = express();
const server = createServer(app);
const sockets = new WebSocketServer({ server, path: '/graphql' });
const cleanup = useServer({ schema }, sockets);
const apollo = new ApolloServer<Context>({
  schema,
  plugins: [
    ApolloServerPluginDrainHttpServer({ httpServer: server }),
    { serverWillStart: async () => ({ drainServer: async () => void (await cleanup.dispose()) }) },
  ],
});
await apollo.start();
app.use(
  '/graphql',
  cors<cors.CorsRequest>(),
  express.json(),
  expressMiddleware(apollo, { context: async () => createContext() }),
);

answer({
  listen: () => listening(server),
  play: ({ events, everyMs }: Play<GenerationEvent>) =>
    atRhythm(events, everyMs, (event) => pubSub.publish('gen_bench', { generation: event })),
});
