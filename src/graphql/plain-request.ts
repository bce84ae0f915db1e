import type { IncomingMessage } from 'node:http';
import type { GraphQLParams } from 'graphql-yoga';

/**
 * The type of the answer to a request that posts JSON of a known length to /graphql, of which at most `bodyBytes`; undefined
 * for any other request, and for one that accepts no such answer.
 */
export function plainType({ method, url, headers }: IncomingMessage, bodyBytes: number): string | undefined {
  if (method !== 'POST' || url !== '/graphql') return undefined;
  const { 'content-type': type = '', 'content-length': length = '', 'content-encoding': encoding } = headers;
  const isJson = type === 'application/json' || type.startsWith('application/json;');
  const isPlain = isJson && encoding === undefined && Number(length) > 0 && Number(length) <= bodyBytes;
  return isPlain ? acceptedType(headers.accept ?? '*/*') : undefined;
}

/** The first type that is accepted, of those of answers that are no streams; undefined too where that is not plain to see. */
function acceptedType(accept: string): string | undefined {
  for (const item of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = item.split(';');
    if (!parameters.every((parameter) => /^ *q=[\d.]+ *$/.test(parameter))) return undefined;
    const found = answerTypes.get(type.trim());
    if (found) return found;
  }
  return undefined;
}

const json = 'application/json';
const answerTypes: ReadonlyMap<string, string> = new Map([
  ['application/graphql-response+json', 'application/graphql-response+json'],
  ...[json, 'application/*', '*/*'].map((type) => [type, json] as const),
]);

/** The body; undefined where the client left before it was there. */
export function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.once('close', () => resolve(undefined));
    if (request.destroyed) resolve(undefined);
  });
}

/** The parameters of one operation. @throws where the body is anything else */
export function paramsIn(body: Buffer): GraphQLParams {
  const params: unknown = JSON.parse(body.toString());
  if (typeof params !== 'object' || params === null || Array.isArray(params)) throw new Error('not one operation');
  return params;
}
