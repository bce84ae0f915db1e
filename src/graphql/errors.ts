import { randomUUID } from 'node:crypto';
import { type ExecutionResult, GraphQLError, type GraphQLErrorOptions, Kind } from 'graphql';
import { errorCodes, MillraceError } from '../domain/errors.ts';

/** For Yoga: the request was understood and answered, so that event-stream clients read on instead of trying again. */
const answered = { http: { status: 200 } };

/**
 * What is wrong with a request that is well formed: as GraphQL over HTTP has it the status is 400, but 200 for who accepts
 * plain JSON, or events.
 */
export const refusal = (message: string, options: Omit<GraphQLErrorOptions, 'extensions'> = {}): GraphQLError =>
  new GraphQLError(message, { ...options, extensions: { http: { status: 400, spec: true } } });

/** Messages quote what was sent, which may be a whole prompt. */
const maxLength = 1_000;

/** Where masked errors go: the log has what the client's error id points to. */
export type ReportError = (error: unknown, errorId: string) => void;

/**
 * The error as the client may see it. GraphQL's own (syntax, validation, wrong variables) and ours pass with their
 * code; any other becomes `INTERNAL` with an id, under which `report` is told of it. Without `suggestions` errors do not
 * tell names of the schema that the client has not named.
 */
export function maskError(error: unknown, report: ReportError, suggestions = true): GraphQLError {
  const original = originOf(error);
  if (original instanceof GraphQLError && internal.has(original)) return original;
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : ({} as Partial<GraphQLError>);
  const place = { nodes, source, positions, path };
  if (original instanceof MillraceError) {
    return new GraphQLError(cut(original.message), {
      ...place,
      originalError: original,
      extensions: {
        code: original.code,
        ...(original.retryAfterMs !== undefined && { retryAfterMs: original.retryAfterMs }),
        ...answered,
      },
    });
  }
  if (error instanceof GraphQLError && original instanceof GraphQLError && !isMisfit(error)) {
    // Other codes are the libraries' own, which clients are not to know, as is what else they add.
    const code = errorCodes.find((known) => known === error.extensions.code) ?? 'BAD_USER_INPUT';
    const whole = suggestions ? error.message : error.message.replace(/ Did you mean [\s\S]*$/, '');
    return new GraphQLError(cut(whole), { ...place, extensions: { ...statusOf(error), code } });
  }
  const errorId = randomUUID();
  report(withoutValue(error), errorId);
  const message = `Something went wrong here. Tell the people who run this server the id ${errorId}.`;
  const masked = new GraphQLError(message, { ...place, extensions: { code: 'INTERNAL', errorId } });
  internal.add(masked);
  return masked;
}

/** Masked ones, which may come by again: one error has one id. */
const internal = new WeakSet<GraphQLError>();

/** For Yoga: the status of the answer; the same for every type of answer where the body was not even JSON. */
function statusOf({ extensions: { http, originalError } }: GraphQLError): object {
  if (http === undefined) return {};
  return { http: originalError === undefined ? http : { ...http, spec: false } };
}

const cut = (message: string): string => (message.length > maxLength ? `${message.slice(0, maxLength)} …` : message);

/** What was thrown in the first place. */
function originOf(error: unknown): unknown {
  let origin = error;
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError;
  return origin;
}

/**
 * Whether it says that what a resolver gave does not fit the schema: it is the answer's, and about fields. What is wrong
 * with an argument is about its value in the document.
 */
const isMisfit = ({ path, nodes }: GraphQLError): boolean =>
  path !== undefined && nodes?.every(({ kind }) => kind === Kind.FIELD) === true;

/** How the libraries begin to quote a value. */
const quote = /(\bcannot represent [^:]*:|\bwith value|\bbut got:|\bresolved to a type) [\s\S]*$/;

/** For the log: what says that a value does not fit the schema quotes the value, which may be a prompt. */
function withoutValue(error: unknown): unknown {
  if (!(error instanceof GraphQLError) || !quote.test(error.message)) return error;
  return new Error(`${error.path?.join('.')}: ${error.message.replace(quote, '$1 …')}`);
}

/** Yoga notes in the errors which status its HTTP answer is to have: nothing for other transports to tell. */
export function withoutHttp({ errors, ...result }: ExecutionResult): ExecutionResult {
  if (!errors) return result;
  const bare = errors.map((error) => {
    const { http: _, ...extensions } = error.extensions;
    const { message, nodes, source, positions, path, originalError } = error;
    return new GraphQLError(message, { nodes, source, positions, path, originalError, extensions });
  });
  return { ...result, errors: bare };
}
