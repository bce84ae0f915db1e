import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ExecutionArgs, type ExecutionResult, GraphQLError, parse } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import { type OperationResult, type Pipeline, withoutHttp } from '../graphql/graphql.ts';
import { serveSockets } from './sockets.ts';

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
export function createWsTransport(pipeline: Pipeline, logger: Logger): WsTransport {
  const sockets = new WebSocketServer({ noServer: true, maxPayload });
  const latest = new WeakMap<object, Map<string, symbol>>();

  serveSockets(
    {
      onSubscribe: async (ctx, id, payload) => {
        if (id.length > maxIdLength) return [new GraphQLError(`An id has at most ${maxIdLength} characters.`)];
        const token = Symbol();
        const tokens = latest.get(ctx) ?? new Map<string, symbol>();
        latest.set(ctx, tokens.set(id, token));
        const result = await pipeline.execute(payload as GraphQLParams, asRequest(ctx.extra.request));
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
      execute: (args) => (args.rootValue as { result: OperationResult }).result as ExecutionResult,
      subscribe: (args) =>
        (args.rootValue as { result: OperationResult }).result as AsyncIterableIterator<ExecutionResult>,
      onNext: (_ctx, _id, _payload, _args, result) => (result.errors ? withoutHttp(result) : undefined),
      onComplete: (ctx, id) => {
        latest.get(ctx)?.delete(id);
      },
    },
    sockets,
    { keepAliveMs, logger },
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

/** The upgrade request: what the operations on its socket were asked with. A GET would not be allowed mutations. */
function asRequest({ headers, url = '/' }: IncomingMessage): Request {
  const single = Object.entries(headers).filter((header): header is [string, string] => typeof header[1] === 'string');
  return new Request(`http://${headers.host ?? 'localhost'}${url}`, { method: 'POST', headers: single });
}

/** What graphql-ws wants of an operation whose result is there already: whether it is a subscription. */
function argumentsFor(result: OperationResult): ExecutionArgs {
  return { schema: undefined as never, document: isIterable(result) ? subscription : query, rootValue: { result } };
}

const subscription = parse('subscription { result }');
const query = parse('{ result }');

const isIterable = (result: OperationResult): result is AsyncIterable<ExecutionResult> =>
  Symbol.asyncIterator in result;

export function refuse(socket: Duplex, status: string): void {
  // Else a client that keeps its side open would keep ours, too.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
