import { GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { refusal } from './errors.ts';

/** Documents that were registered before, by their ids: hashes, as the clients' build tools write them. */
export type TrustedDocuments = ReadonlyMap<string, string>;

/**
 * Executes `documents` alone. Clients send the id of one, as `documentId` or as Apollo does. What stands beside it as the
 * `query` is not read: over WebSocket there must be one.
 */
export const trustedDocumentsOnly = (documents: TrustedDocuments): Plugin => ({
  onParams: ({ params, setParams }) => setParams(trustedParams(documents, params)),
});

/**
 * Where no documents are registered, says so to whoever sends the id of one and no document. Clients that register by
 * themselves, as Apollo's do, send the document when they have read this very message.
 */
export const untrustedDocuments: Plugin = {
  onParams({ params }) {
    if (params.query || idOf(params) === undefined) return;
    if ((params as { documentId?: unknown }).documentId != null) {
      throw refusal('No documents are registered here, see `server.trustedDocuments`: send the `query`.');
    }
    throw new GraphQLError('PersistedQueryNotSupported');
  },
};

/** The parameters of an operation with the document that they name. @throws GraphQLError where they name none */
export function trustedParams(documents: TrustedDocuments, params: GraphQLParams): GraphQLParams {
  const { operationName, variables, extensions } = params;
  const id = idOf(params);
  if (id === undefined) {
    throw refusal('This server executes registered documents only: send the `documentId` of one.');
  }
  const document = documents.get(id);
  if (document === undefined) {
    throw refusal('No document is registered by this id. Register what the client was built with.');
  }
  return { query: document, operationName, variables, extensions };
}

/** `documentId`, with the name of the hash before it or without, or `extensions.persistedQuery.sha256Hash`. */
function idOf(params: object): string | undefined {
  const { documentId, extensions } = params as { documentId?: unknown; extensions?: Record<string, unknown> };
  const { sha256Hash } = (extensions?.persistedQuery ?? {}) as { sha256Hash?: unknown };
  const id = documentId ?? sha256Hash;
  return typeof id === 'string' ? id.replace(/^sha256:/, '') : undefined;
}
