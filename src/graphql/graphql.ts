import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Viewer } from '../domain/conversation.ts';
import { createContext, type Services } from './context.ts';
import { maskError } from './errors.ts';
import { graphiql } from './graphiql.ts';
import { limitsRule } from './limits.ts';
import { multipartSubscriptions } from './multipart.ts';
import { explainedRefusals } from './refusals.ts';
import { schema } from './schema.ts';

/** The one pipeline of every transport: parse, validate, build the context, execute, mask. */
export interface Pipeline {
  /** Answers a request over HTTP: GET and POST, SSE, and GraphiQL for a browser. */
  handle(request: IncomingMessage, response: ServerResponse): void;

  /**
   * Runs an operation that came over another transport, with the headers of `request`. Never rejects: what is wrong is
   * in `errors`, and `data` is missing where nothing was executed.
   */
  execute(params: GraphQLParams, request: Request): Promise<OperationResult>;

  close(): Promise<void>;
}

export type OperationResult = ExecutionResult | AsyncIterable<ExecutionResult>;

interface PipelineOptions {
  readonly services: Services;
  readonly viewer: Viewer;
  readonly logger: Logger;
  /** Whether a page from `origin` may use this server, which the page knows as `host`. */
  readonly isAllowedOrigin: (origin: string, host: string | null) => boolean;
}

export function createPipeline({ services, viewer, logger, isAllowedOrigin }: PipelineOptions): Pipeline {
  const mask = (error: unknown) =>
    maskError(error, (cause, errorId) => logger.error({ err: cause, errorId }, 'internal error'));

  const yoga = createYoga({
    schema,
    context: () => createContext(services, viewer),
    maskedErrors: { maskError: mask },
    cors: (request) => {
      const origin = request.headers.get('origin');
      if (origin === null || !isAllowedOrigin(origin, request.headers.get('host'))) return false;
      return { origin, credentials: true, methods: ['GET', 'POST'], maxAge: 600 };
    },
    logging: false,
    landingPage: false,
    multipart: false,
    plugins: [limits, maskValidation(mask), multipartSubscriptions(), explainedRefusals()],
    ...graphiql,
  });

  return {
    handle(request, response) {
      void yoga(request, response);
    },

    async execute(params, request) {
      try {
        const result = (await yoga.getResultForParams({ params, request }, {})) as OperationResult;
        return Symbol.asyncIterator in result ? result : withoutHttp(result);
      } catch (error) {
        return withoutHttp({ errors: [mask(error)] });
      }
    },

    async close() {
      await yoga.dispose();
    },
  };
}

const limits: Plugin = { onValidate: ({ addValidationRule }) => addValidationRule(limitsRule) };

/** What is wrong with a document is found before the mask has its turn. */
const maskValidation = (mask: (error: unknown) => GraphQLError): Plugin => ({
  onValidate:
    () =>
    ({ valid, result, setResult }) => {
      if (!valid) setResult(result.map(mask));
    },
});

/** Yoga notes in the errors which status its HTTP answer is to have: nothing for other transports to tell. */
export function withoutHttp({ errors, ...result }: ExecutionResult): ExecutionResult {
  if (!errors) return result;
  const bare = errors.map((error) => {
    const { http: _, ...extensions } = error.extensions;
    return new GraphQLError(error.message, { ...error, originalError: error.originalError, extensions });
  });
  return { ...result, errors: bare };
}
