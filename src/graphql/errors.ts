import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { errorCodes, MillraceError } from '../domain/errors.ts';

/** For Yoga: the request was understood and answered, so that event-stream clients read on instead of trying again. */
const answered = { http: { status: 200 } };

/** Where masked errors go: the log has what the client's error id points to. */
export type ReportError = (error: unknown, errorId: string) => void;

/**
 * The error as the client may see it. GraphQL's own (syntax, validation, wrong variables) and ours pass with their
 * code; any other becomes `INTERNAL` with an id, under which `report` is told of it.
 */
export function maskError(error: unknown, report: ReportError): GraphQLError {
  const original = error instanceof GraphQLError ? error.originalError : error;
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : ({} as Partial<GraphQLError>);
  const place = { nodes, source, positions, path };
  if (original instanceof MillraceError) {
    return new GraphQLError(original.message, {
      ...place,
      originalError: original,
      extensions: {
        code: original.code,
        ...(original.retryAfterMs !== undefined && { retryAfterMs: original.retryAfterMs }),
        ...answered,
      },
    });
  }
  if (error instanceof GraphQLError && (!original || original instanceof GraphQLError)) {
    // Other codes are the libraries' own, which clients are not to know.
    const code = errorCodes.find((known) => known === error.extensions.code) ?? 'BAD_USER_INPUT';
    return new GraphQLError(error.message, { ...place, extensions: { ...error.extensions, code } });
  }
  const errorId = randomUUID();
  report(error, errorId);
  const message = `Something went wrong here. Tell the people who run this server the id ${errorId}.`;
  return new GraphQLError(message, { ...place, extensions: { code: 'INTERNAL', errorId } });
}
