import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError, NoSchemaIntrospectionCustomRule } from 'graphql';
import { createYoga, type GraphQLParams, type Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Authenticator } from '../auth/auth.ts';
import type { Polled } from '../domain/polled.ts';
import type { Answer } from './answers.ts';
import { Client } from './client.ts';
import { createContext, type Services } from './context.ts';
import { crossOrigin } from './cross-origin.ts';
import { type Door, httpDoor, openDoor } from './door.ts';
import { maskError, withoutHttp } from './errors.ts';
import { execute } from './execute.ts';
import { jsonParameters } from './get-parameters.ts';
import { graphiql, graphiqlPolicy } from './graphiql.ts';
import { httpStreams } from './http-streams.ts';
import { KnownDocuments } from './known-documents.ts';
import { knownOperations } from './known-operations.ts';
import { type OperationLimits, operationLimits } from './limits.ts';
import { operationNames } from './operation-name.ts';
import { type PlainContext, plainPosts, plainResults } from './plain-post.ts';
import { tooMany } from './rates.ts';
import { explainedRefusals } from './refusals.ts';
import { schema } from './schema.ts';
import type { SocketPlaces } from './socket-places.ts';
import { streamPlaces } from './stream-places.ts';
import { type SubscriptionContext, subscriptions } from './subscribe.ts';
import { type TrustedDocuments, trustedDocumentsOnly, untrustedDocuments } from './trusted.ts';
import { variableLimits } from './variables.ts';

/** The one pipeline of every transport: parse, validate, build the context, execute, mask. */
export interface Pipeline {
  /** What a client that comes over a socket takes as long as that is open. */
  readonly sockets: Pick<SocketPlaces, 'ofAddress' | 'ofViewer'>;

  /** Answers a request over HTTP from the address `ip`: GET and POST, SSE, and GraphiQL for a browser. */
  handle(request: IncomingMessage, response: ServerResponse, ip: string): void;

  /**
   * Lets in a client that comes over another transport, from the address `ip` with this token, if it has one.
   * That counts as an operation of the address.
   * @throws MillraceError as `Authenticator.authenticate` does; `RATE_LIMITED`
   */
  connect(ip: string, token: string | undefined): Promise<Client>;

  /**
   * Runs an operation of such a client. Never rejects: what is wrong is in `errors`, and `data` is missing where nothing
   * was executed, or where a stream breaks off.
   */
  execute(params: GraphQLParams, client: Client): Promise<OperationResult>;

  close(): Promise<void>;
}

/** The answers to a subscription. `poll` never throws. */
export type AnswerStream = Polled<Answer> & AsyncIterable<Answer>;
export type OperationResult = ExecutionResult | AnswerStream;

interface PipelineOptions {
  readonly services: Services;
  readonly auth: Authenticator;
  readonly sockets: SocketPlaces;
  readonly logger: Logger;
  /** Whether a page from `origin` may use this server, which the page knows as `host`. */
  readonly allowsOrigin: (origin: string, host: string | null) => boolean;
  readonly limits: OperationLimits;
  /** The most bytes that a request's body may have. */
  readonly bodyBytes: number;
  /** Whether clients may ask for the schema, and errors hint at it. */
  readonly introspection: boolean;
  /** Whether a browser gets GraphiQL. */
  readonly graphiql: boolean;
  /** The only documents that are executed; null for all. */
  readonly trustedDocuments: TrustedDocuments | null;
}

interface Parts {
  readonly documents: KnownDocuments;
  readonly door: Door;
  readonly subscribing: Plugin<object, SubscriptionContext>;
  readonly mask: (error: unknown) => GraphQLError;
}

function createServer({ documents, door, subscribing, mask }: Parts, options: PipelineOptions) {
  const { services, sockets, introspection, trustedDocuments, bodyBytes, allowsOrigin, limits } = options;
  return createYoga<PlainContext & SubscriptionContext>({
    schema,
    context: ({ client }) => createContext(services, { viewer: client.session.viewer, ip: client.ip }),
    maskedErrors: { maskError: mask },
    cors: crossOrigin(allowsOrigin),
    parserAndValidationCache: { documentCache: documents.cache, errorCache: nothing },
    logging: false,
    landingPage: false,
    multipart: false,
    maxRequestBodySize: bodyBytes,
    plugins: [
      httpDoor(door, mask),
      plainResults,
      plainBodies,
      jsonOnly,
      jsonParameters,
      trustedDocuments ? trustedDocumentsOnly(trustedDocuments) : untrustedDocuments,
      operationLimits(limits),
      operationNames,
      variableLimits(mask),
      !introspection && noIntrospection,
      maskValidation(mask),
      documents.noting,
      planned,
      streamPlaces(sockets, mask),
      subscribing,
      httpStreams(),
      explainedRefusals(),
      graphiqlPolicy,
    ],
    ...(options.graphiql ? graphiql : { graphiql: false }),
  });
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { services, auth, sockets, logger, introspection, trustedDocuments, bodyBytes, allowsOrigin } = options;
  const { rates } = services;
  const mask = (error: unknown) =>
    maskError(error, (cause, errorId) => logger.error({ err: cause, errorId }, 'internal error'), introspection);

  const documents = new KnownDocuments();
  const door = openDoor({ auth, rates });
  const { subscribe, plugin: subscribing } = subscriptions(services, mask);
  const yoga = createServer({ documents, door, subscribing, mask }, options);
  const known = knownOperations({ documents, services, mask, trustedDocuments, subscribe });
  /** Takes the parameters of an operation through the pipeline. @throws where they are wrong */
  const resultOf = async (params: GraphQLParams, context: PlainContext & SubscriptionContext) => {
    const result = await known(params, context.client, !context.isPlain);
    if (result) return result;
    const found = await yoga.getResultForParams({ params, request: posted }, context);
    return context.answers ?? (found as ExecutionResult);
  };
  const answer = plainPosts({
    ...{ door, bodyBytes, allowsOrigin },
    execute: async (params, context) => (await resultOf(params, context)) as ExecutionResult,
    handle: (request, response, context) => void yoga(request, response, context),
  });

  return {
    sockets,

    handle: (request, response, ip) => void answer(request, response, ip),

    async connect(ip, token) {
      const refused = tooMany(await rates.countAddress(ip));
      if (refused) throw refused;
      return await Client.enter(auth, ip, token);
    },

    async execute(params, client) {
      try {
        const refused = tooMany(await rates.count(client.ip, client.session.viewer));
        if (refused) throw refused;
        await client.confirm();
        const result = await resultOf(params, { ip: client.ip, client });
        return 'poll' in result ? result : withoutHttp(result);
      } catch (error) {
        return withoutHttp({ errors: [mask(error)] });
      }
    },

    async close() {
      await yoga.dispose();
    },
  };
}

/** What other transports' operations are taken for: by GET there would be no mutations. */
const posted = new Request('http://localhost/graphql', { method: 'POST' });

/** A few compressed bytes could be gigabytes. */
const plainBodies: Plugin = {
  onRequestParse({ request }) {
    if ((request.headers.get('content-encoding') ?? 'identity') === 'identity') return;
    const message = 'Bodies are taken uncompressed: leave Content-Encoding out.';
    throw new GraphQLError(message, { extensions: { http: { status: 415 } } });
  },
};

/** Other types of content are those that a browser sends for a form of any page without asking first. */
const jsonOnly: Plugin = {
  onRequestParse({ request, endResponse }) {
    const type = request.headers.get('content-type') ?? '';
    const taken = request.method !== 'POST' || /^application\/(graphql\+)?json *(;|$)/i.test(type);
    if (!taken) endResponse(new Response(null, { status: 415 }));
  },
};

const noIntrospection: Plugin = {
  onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule),
};

const planned: Plugin = {
  onExecute: ({ setExecuteFn }) => setExecuteFn(execute),
};

/** What is wrong with a document is found before the mask has its turn. */
const maskValidation = (mask: (error: unknown) => GraphQLError): Plugin => ({
  onValidate:
    () =>
    ({ valid, result, setResult }) => {
      if (!valid) setResult(result.map(mask));
    },
});

/** What is wrong is found anew each time: its errors, of which a few characters may have a hundred, take far more than it. */
const nothing = { get: () => undefined, set() {} };
