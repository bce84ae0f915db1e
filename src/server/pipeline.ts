import { createYoga } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Viewer } from '../domain/conversation.ts';
import { createContext, type Services } from '../graphql/context.ts';
import { maskError } from '../graphql/errors.ts';
import { schema } from '../graphql/schema.ts';
import { graphiql } from './graphiql.ts';
import { isAllowedOrigin } from './origin.ts';

export type Pipeline = ReturnType<typeof createPipeline>;

/** The one pipeline of every transport: parse, validate, build the context, execute, mask. */
export function createPipeline(services: Services, viewer: Viewer, logger: Logger) {
  return createYoga({
    schema,
    context: () => createContext(services, viewer),
    maskedErrors: {
      maskError: (error) =>
        maskError(error, (cause, errorId) => logger.error({ err: cause, errorId }, 'internal error')),
    },
    cors: (request) => {
      const origin = request.headers.get('origin');
      const allowed = origin !== null && isAllowedOrigin(origin, request.headers.get('host'));
      return allowed ? { origin, credentials: true, methods: ['GET', 'POST'], maxAge: 600 } : false;
    },
    logging: false,
    landingPage: false,
    multipart: false,
    ...graphiql,
  });
}
