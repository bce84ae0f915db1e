import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { type Authenticator, bearer } from '../auth/auth.ts';
import { isUnavailable, MillraceError } from '../domain/errors.ts';
import { Client } from './client.ts';
import { type Count, type OperationRates, rateHeaders, tooMany } from './rates.ts';

/** What stands beside a request for the operations in it. */
export interface DoorContext {
  readonly ip: string;
  client: Client;
  /** How the request was counted, for its answer's headers. */
  count?: Count;
  /** Why it is not let in, of a request that has come to the door already. */
  readonly refused?: Promise<unknown>;
}

/**
 * Lets a request over HTTP in, before anything of it is read, or resolves to why not. Whoever is refused is counted, too.
 * Never rejects.
 */
export type Door = (context: DoorContext, authorization: string | null | undefined) => Promise<unknown>;

export function openDoor({ auth, rates }: { readonly auth: Authenticator; readonly rates: OperationRates }): Door {
  return async (context, authorization) => {
    const { ip } = context;
    const address = await rates.countAddress(ip);
    context.count = address;
    // First of all: to look at a token may cost a question to the records.
    const refusal = tooMany(address);
    if (refusal) return refusal;
    try {
      context.client = await Client.enter(auth, ip, bearer(authorization));
    } catch (error) {
      return error;
    }
    const viewer = await rates.countViewer(context.client.session.viewer);
    context.count = [...viewer, ...address];
    return tooMany(viewer);
  };
}

/** The door of all requests; GraphiQL's page and what browsers ask beforehand do not come here. */
export function httpDoor(enter: Door, mask: (error: unknown) => GraphQLError): Plugin<object, DoorContext> {
  return {
    async onRequest({ request, serverContext, endResponse }) {
      const error = await (serverContext.refused ?? enter(serverContext, request.headers.get('authorization')));
      if (error !== undefined) endResponse(refusal(error, mask, request.headers.get('accept')));
    },
    onResponse({ response, serverContext: { count = [] } }) {
      for (const [name, value] of rateHeaders(count)) response.headers.set(name, value);
    },
  };
}

const statuses: Readonly<Record<string, number>> = { UNAUTHENTICATED: 401, FORBIDDEN: 403, RATE_LIMITED: 429 };

function refusal(error: unknown, mask: (error: unknown) => GraphQLError, accept: string | null): Response {
  const { message, extensions } = mask(error);
  const { http: _, ...shown } = extensions;
  const code = error instanceof MillraceError ? error.code : 'INTERNAL';
  const { retryAfterMs } = error instanceof MillraceError ? error : {};
  const type = accept?.includes('application/graphql-response+json')
    ? 'application/graphql-response+json'
    : 'application/json';
  return new Response(JSON.stringify({ errors: [{ message, extensions: shown }] }), {
    status: statuses[code] ?? (isUnavailable(error) ? 503 : 500),
    headers: {
      'content-type': `${type}; charset=utf-8`,
      ...(code === 'UNAUTHENTICATED' && { 'www-authenticate': 'Bearer' }),
      ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    },
  });
}
