/** GraphQL Yoga with graphql-ws, wired as its documentation has it. */
import { createServer } from 'node:http';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { answer } from '../answers.ts';
import { listening } from './listening.ts';
import { createContext, type GenerationEvent, resolvers, typeDefs } from './peer.ts';
import type { Play } from './raw.ts';
import { atRhythm } from './rhythm.ts';

const pubSub = createPubSub<{ generation: [id: string, event: GenerationEvent] }>();

const schema = createSchema({
  typeDefs,
  resolvers: {
    ...resolvers,
    Subscription: {
      generation: {
        subscribe: (_, { id }: { id: string }) => pubSub.subscribe('generation', id),
        resolve: (event: GenerationEvent) => event,
      },
    },
  },
});

const yoga = createYoga({ schema, context: createContext, graphiql: { subscriptionsProtocol: 'WS' } });
const server = createServer(yoga);
const sockets = new WebSocketServer({ server, path: yoga.graphqlEndpoint });

/** What `onSubscribe` puts where GraphQL has the root value, for the two that execute to find. */
type Enveloped = { readonly rootValue: Pick<ReturnType<typeof yoga.getEnveloped>, 'execute' | 'subscribe'> };

useServer(
  {
    execute: (args) => (args as unknown as Enveloped).rootValue.execute(args),
    subscribe: (args) => (args as unknown as Enveloped).rootValue.subscribe(args),
    onSubscribe: async (context, _id, params) => {
      const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
        ...context,
        req: context.extra.request,
        socket: context.extra.socket,
        params,
      });
      const args = {
        schema,
        operationName: params.operationName,
        document: parse(params.query),
        variableValues: params.variables,
        contextValue: await contextFactory(),
        rootValue: { execute, subscribe },
      };
      const errors = validate(args.schema, args.document);
      return errors.length > 0 ? errors : args;
    },
  },
  sockets,
);

answer({
  listen: () => listening(server),
  play: ({ events, everyMs }: Play<GenerationEvent>) =>
    atRhythm(events, everyMs, (event) => pubSub.publish('generation', 'gen_bench', event)),
});
