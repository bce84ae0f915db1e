import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols } from 'graphql-ws';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { bearer } from '../auth/auth.ts';
import type { Pipeline } from '../graphql/graphql.ts';
import { Connection, type SocketLimits } from './connection.ts';
import { Wire } from './wire.ts';

/** A larger message than `limits.body` is read, and refused by an error, up to so many times that; beyond, the socket closes. */
const bodiesAtMost = 2;
/** However small `limits.body` is, so much is read. */
const leastPayload = 1 << 20;
/** ws counts in 32 bits. */
const mostPayload = 2 ** 31 - 1;
/** Before it is let in, a client has no more to say than a token. */
const strangerBytes = 64 << 10;
/** A client has this long to begin with connection_init. */
const greetingMs = 3_000;
/** Idle sockets are asked for a sign of life this often; one that gives none for as long again is ended. */
const keepAliveMs = 25_000;
/** A client has this long, in ms, to close its side of a socket that was closed; the types of ws do not know of it yet. */
const patience = { closeTimeout: 5_000 };
/** So many milliseconds apart they are told to, up to the whole spread. */
const spreadPerSocketMs = 5;
/** Service Restart: clients come back by themselves, with what they have seen. */
const restartCode = 1012;
/** Message Too Big. */
const tooBigCode = 1009;

interface WsOptions {
  readonly pipeline: Pipeline;
  readonly limits: WsLimits;
  readonly logger: Logger;
  readonly addressOf: (request: IncomingMessage) => string;
}

export interface WsLimits extends SocketLimits {
  /** What comes faster waits. */
  readonly messagesPerSecond: number;
}

export interface WsTransport {
  /** Takes an upgrade request for GraphQL. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /**
   * Tells all clients to come back, one after the other over `spreadMs` where they are many, and ends the sockets of
   * those that have not gone by the deadline after that.
   */
  close(deadlineMs: number, spreadMs: number): Promise<void>;
}

/** GraphQL over WebSocket (graphql-transport-ws), through the same pipeline as HTTP. Compressed frames are refused. */
export function createWsTransport(options: WsOptions): WsTransport {
  const { limits, logger } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: Math.min(Math.max(bodiesAtMost * limits.bodyBytes, leastPayload), mostPayload),
    perMessageDeflate: false,
    autoPong: false,
    ...patience,
    handleProtocols,
  });

  // Frames that are none close the socket by themselves. One for all: one made for each would keep its upgrade request.
  const socketFailed = (error: Error) => logger.debug({ err: error }, 'socket failed');

  return {
    upgrade(request, raw, head) {
      sockets.handleUpgrade(request, raw, head, (socket) => {
        socket.on('error', socketFailed);
        if (socket.protocol === GRAPHQL_TRANSPORT_WS_PROTOCOL) serve(options, { socket, raw, request });
        else socket.close(CloseCode.SubprotocolNotAcceptable, 'Subprotocol not acceptable');
      });
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

interface Opened {
  readonly socket: WebSocket;
  readonly raw: Duplex;
  readonly request: IncomingMessage;
}

function serve({ pipeline, limits, logger, addressOf }: WsOptions, { socket, raw, request }: Opened): void {
  const wire = new Wire({
    socket,
    raw,
    keepAliveMs,
    messagesPerSecond: limits.messagesPerSecond,
    onMessage: (data) => connection.receive(data),
  });
  const token = bearer(request.headers.authorization);
  const connection = new Connection({ pipeline, limits, logger, wire, ip: addressOf(request), token });
  let greeting: NodeJS.Timeout | undefined = setTimeout(() => {
    greeting = undefined;
    if (connection.greeted) return;
    wire.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout');
  }, greetingMs);
  socket.on('close', () => {
    clearTimeout(greeting);
    wire.end();
    connection.end();
  });
  holdStrangers(raw, connection, () => {
    wire.close(tooBigCode, 'Too much before connection_ack');
    socket.pause();
    raw.end();
  });
}

/** Calls `onTooMuch` where a client says more than it may before it is let in: none of its frames may be that large. */
function holdStrangers(raw: Duplex, connection: Connection, onTooMuch: () => void): void {
  let bytes = 0;
  raw.on('data', function count(chunk: Buffer) {
    bytes += chunk.length;
    const tooMuch = bytes > strangerBytes;
    if (!connection.admitted && !tooMuch) return;
    raw.off('data', count);
    if (!connection.admitted) onTooMuch();
  });
}

/** Answers an upgrade request with a status and a sentence, and ends the connection. */
export function refuseUpgrade(socket: Duplex, status: string, message: string): void {
  // Else a client that keeps its side open would keep ours, too.
  socket.once('finish', () => socket.destroy());
  const body = `${message}\n`;
  const headers = ['Connection: close', 'Content-Type: text/plain', `Content-Length: ${Buffer.byteLength(body)}`];
  socket.end([`HTTP/1.1 ${status}`, ...headers, '', body].join('\r\n'));
}
