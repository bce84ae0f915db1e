import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { crossOriginHeaders } from './cross-origin.ts';
import type { Door } from './door.ts';
import { bodyOf, paramsIn, plainType } from './plain-request.ts';
import { rateHeaders } from './rates.ts';
import type { AnswerContext } from './stream-places.ts';

/** What stands beside a request over HTTP, with what is known of it already. */
export interface PlainContext extends AnswerContext {
  /** Whether no stream can be the answer. */
  readonly isPlain?: boolean;
  /** The answer, of an operation that was executed. */
  readonly result?: ExecutionResult;
}

interface PlainPostsOptions {
  readonly door: Door;
  /** The most bytes that a body may have. */
  readonly bodyBytes: number;
  readonly allowsOrigin: (origin: string, host: string | null) => boolean;
  /** Takes an operation through the pipeline. @throws where its parameters are wrong */
  readonly execute: (params: GraphQLParams, context: PlainContext) => Promise<ExecutionResult>;
  /** The way of all requests. */
  readonly handle: (request: IncomingMessage, response: ServerResponse, context: PlainContext) => void;
}

/**
 * Answers what most requests are, one operation that is posted as JSON and whose answer is data, without the objects of
 * fetch: they cost more than the operation. It comes through the same door and the same pipeline. All else goes the way of
 * all requests, also what turns out to be something else when its body is read, or its answer to have errors: what is known
 * by then is taken along, so that nothing is counted or executed twice.
 */
export function plainPosts({ door, bodyBytes, allowsOrigin, execute, handle }: PlainPostsOptions) {
  return async (request: IncomingMessage, response: ServerResponse, ip: string): Promise<void> => {
    const context = { ip, answer: response } as PlainContext;
    const type = plainType(request, bodyBytes);
    if (type === undefined) return handle(request, response, context);
    const refused = door(context, request.headers.authorization);
    if ((await refused) !== undefined) return handle(request, response, { ...context, refused });
    const body = await bodyOf(request);
    if (!body) return;
    const result = await resultOf(body, context);
    if (result === undefined || result.errors) {
      const read = Object.assign(request, { body: Readable.from([body]) });
      return handle(read, response, { ...context, refused, ...(result && { result }) });
    }
    if (!response.destroyed) answer(request, response, type, context, JSON.stringify(result));
  };

  /** Undefined where it is for others to say. */
  async function resultOf(body: Buffer, { ip, client }: PlainContext): Promise<ExecutionResult | undefined> {
    try {
      const result = await execute(paramsIn(body), { ip, client, isPlain: true });
      return result === notPlain ? undefined : result;
    } catch {
      // The way of all comes upon the same error, and tells of it.
      return undefined;
    }
  }

  function answer(
    { headers: { origin, host } }: IncomingMessage,
    response: ServerResponse,
    type: string,
    { count = [] }: PlainContext,
    text: string,
  ): void {
    for (const [name, value] of rateHeaders(count)) response.setHeader(name, value);
    response.writeHead(200, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(text),
      ...(origin !== undefined && allowsOrigin(origin, host ?? null) && crossOriginHeaders(origin)),
    });
    response.end(text);
  }
}

/** In the place of a stream that was not begun. */
const notPlain: ExecutionResult = {};

/** For the way of all: takes up what is known. Comes before all plugins that begin streams. */
export const plainResults: Plugin<PlainContext> = {
  onParams({ context, setResult }) {
    const { result } = context as PlainContext;
    if (result) setResult(result);
  },
  onSubscribe({ args, setResultAndStopExecution }) {
    if ((args.contextValue as PlainContext).isPlain) setResultAndStopExecution(notPlain);
  },
};
