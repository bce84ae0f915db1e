import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, type ExecutionResult, GraphQLError, parse } from 'graphql';
import type { ConnectionInitMessage, ServerOptions } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import type { GraphQLParams } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { bearer } from '../auth/auth.ts';
import { isUnavailable, MillraceError } from '../domain/errors.ts';
import { type OperationResult, type Pipeline, withoutHttp } from '../graphql/graphql.ts';

/** A frame may be so large: a prompt of 4 Mi characters, escaped, and its document. */
const maxPayload = 16 << 20;
/** Longer ids of operations are nobody's: clients count, or use UUIDs. */
const maxIdLength = 256;
/** Idle sockets are asked for a sign of life this often; one that gives none for as long again is ended. */
const keepAliveMs = 25_000;
/** So many milliseconds apart they are told to, up to the whole spread. */
const spreadPerSocketMs = 5;
/** Service Restart: clients come back by themselves, with what they have seen. */
const restartCode = 1012;
/** Forbidden: clients come back by themselves, with a new token. Of 4401 the stock client would give up for good. */
const forbiddenCode = 4403;
/** Try Again Later. */
const laterCode = 1013;

type Client = Awaited<ReturnType<Pipeline['connect']>>;

export interface WsTransport {
  /** Takes an upgrade request for GraphQL. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /**
   * Tells all clients to come back, one after the other over `spreadMs` where they are many, and ends the sockets of
   * those that have not gone by the deadline after that.
   */
  close(deadlineMs: number, spreadMs: number): Promise<void>;
}

/** GraphQL over WebSocket (graphql-transport-ws), through the same pipeline as HTTP. */
export function createWsTransport(pipeline: Pipeline, addressOf: (request: IncomingMessage) => string): WsTransport {
  const sockets = new WebSocketServer({ noServer: true, maxPayload });
  const latest = new WeakMap<object, Map<string, symbol>>();
  const clients = new WeakMap<object, Client>();

  useServer(
    {
      ...admission(pipeline, clients, addressOf),
      onSubscribe: async (ctx, id, payload) => {
        if (id.length > maxIdLength) return [new GraphQLError(`An id has at most ${maxIdLength} characters.`)];
        const token = Symbol();
        const tokens = latest.get(ctx) ?? new Map<string, symbol>();
        latest.set(ctx, tokens.set(id, token));
        const client = clients.get(ctx);
        if (!client) throw new Error('No client is known by this socket.');
        const result = await pipeline.execute(payload as GraphQLParams, client);
        const current = tokens.get(id) === token;
        if (!current || !(id in ctx.subscriptions)) {
          // The client has completed this id, or uses it anew, while the operation was being prepared.
          if (current) tokens.delete(id);
          if (isIterable(result)) await result[Symbol.asyncIterator]().return?.();
          return new Promise<never>(() => {});
        }
        if (!isIterable(result) && result.data === undefined && result.errors) {
          // Of these `onComplete` is not told.
          tokens.delete(id);
          return result.errors;
        }
        return argumentsFor(result);
      },
      onError: (_ctx, _id, _payload, errors) => {
        const [broken] = errors.flatMap(({ originalError }) =>
          originalError instanceof BrokenOff ? originalError : [],
        );
        return broken && withoutHttp({ errors: broken.errors }).errors?.map((error) => error.toJSON());
      },
      execute: (args) => (args.rootValue as { result: OperationResult }).result as ExecutionResult,
      subscribe: (args) =>
        untilBroken((args.rootValue as { result: OperationResult }).result as AsyncIterable<ExecutionResult>),
      onNext: (_ctx, _id, _payload, _args, result) => (result.errors ? withoutHttp(result) : undefined),
      onComplete: (ctx, id) => {
        latest.get(ctx)?.delete(id);
      },
    },
    sockets,
    keepAliveMs,
  );

  return {
    upgrade(request, socket, head) {
      sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket, request));
    },

    async close(deadlineMs, spreadMs) {
      const { size } = sockets.clients;
      const spread = Math.min(spreadMs, size * spreadPerSocketMs);
      const gone = Promise.all([...sockets.clients].map((socket) => new Promise((done) => socket.once('close', done))));
      for (const [index, socket] of [...sockets.clients].entries()) {
        setTimeout(() => socket.close(restartCode, 'The server restarts'), (index / size) * spread);
      }
      const deadline = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate();
      }, spread + deadlineMs);
      await gone;
      clearTimeout(deadline);
    },
  };
}

/** Who is at the other end: said at the start, and again by a ping with another token. */
function admission(
  pipeline: Pipeline,
  clients: WeakMap<object, Client>,
  addressOf: (request: IncomingMessage) => string,
): Pick<ServerOptions<ConnectionInitMessage['payload'], Extra>, 'onConnect' | 'onPing'> {
  return {
    async onConnect(ctx) {
      const { socket, request } = ctx.extra;
      const token = shownToken(ctx.connectionParams) ?? bearer(request.headers.authorization);
      try {
        const client = await pipeline.connect(addressOf(request), token);
        clients.set(ctx, client);
        // Its streams are told first: their ends are under way when the socket's is.
        const unwatch = client.onEnd(() => setImmediate(() => socket.close(forbiddenCode, 'The token has ended')));
        socket.once('close', unwatch);
      } catch (error) {
        if (isUnavailable(error)) socket.close(laterCode, 'Try again later');
        else socket.close(forbiddenCode, closeReason(error));
        return false;
      }
    },
    async onPing(ctx, payload) {
      const token = shownToken(payload);
      if (token === undefined) return;
      try {
        await clients.get(ctx)?.renew(token);
      } catch (error) {
        // Where tokens can't be checked now the old one holds on, for as long as it does.
        if (!isUnavailable(error)) ctx.extra.socket.close(forbiddenCode, closeReason(error));
      }
    },
  };
}

/** What graphql-ws wants of an operation whose result is there already: whether it is a subscription. */
function argumentsFor(result: OperationResult): ExecutionArgs {
  return { schema: undefined as never, document: isIterable(result) ? subscription : query, rootValue: { result } };
}

const subscription = parse('subscription { result }');
const query = parse('{ result }');

const isIterable = (result: OperationResult): result is AsyncIterable<ExecutionResult> =>
  Symbol.asyncIterator in result;

class BrokenOff extends Error {
  readonly errors: readonly GraphQLError[];

  constructor(errors: readonly GraphQLError[]) {
    super(errors[0]?.message);
    this.errors = errors;
  }
}

/** The results of a stream, for graphql-ws to tell as an `error` message, and no `next`, where it breaks off. */
function untilBroken(results: AsyncIterable<ExecutionResult>): AsyncIterableIterator<ExecutionResult> {
  const iterator = results[Symbol.asyncIterator]();
  return {
    async next() {
      const step = await iterator.next();
      if (!step.done && step.value.data === undefined && step.value.errors) throw new BrokenOff(step.value.errors);
      return step;
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    async throw(error) {
      await iterator.return?.();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The token in a payload of connection_init or ping: `{ "authorization": "Bearer …" }` or `{ "token": "…" }`. */
function shownToken(payload: Record<string, unknown> | undefined): string | undefined {
  const { token, authorization, Authorization = authorization } = payload ?? {};
  if (typeof token === 'string') return token;
  return typeof Authorization === 'string' ? (bearer(Authorization) ?? Authorization) : undefined;
}

/** A close frame holds 123 bytes of it. */
const closeReason = (error: unknown): string =>
  (error instanceof MillraceError ? error.message : 'Forbidden').slice(0, 120);

export function refuse(socket: Duplex, status: string): void {
  // Else a client that keeps its side open would keep ours, too.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
