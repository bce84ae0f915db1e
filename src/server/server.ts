import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { type ErrorCode, isRateLimited } from '../domain/errors.ts';
import { holdWhileOpen } from '../domain/hold.ts';
import type { Pipeline } from '../graphql/graphql.ts';
import { addresses } from './address.ts';
import { answerHealth, type Readiness, readyAnswers } from './health.ts';
import type { OriginRules } from './origin.ts';
import { placeOf } from './place.ts';
import { safeHeaders } from './safe-headers.ts';
import { createWsTransport, refuseUpgrade, type WsLimits } from './ws.ts';

/** WebSockets have this long to take their leave. */
const farewellMs = 500;

/** A request's headers, and the whole of it, are to be here so soon; looked after so often. In ms. */
const patience = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 2_000 };
/**
 * So many connections may wait to be taken; the system allows fewer (net.core.somaxconn, 4,096 on Linux). Whoever finds the
 * line full comes again by itself after a second: with Node's 511 most of those would who come back all at once.
 */
const backlog = 65_535;
/** Load balancers keep idle connections for 60 s: it is for them to end them. */
const keepAliveTimeout = 65_000;

interface HttpServerOptions {
  /** Undefined for a process that only works: it answers nothing but its health. */
  readonly pipeline: Pipeline | undefined;
  readonly readiness: Readiness;
  readonly logger: Logger;
  readonly origins: OriginRules;
  /** How many proxies stand in front. */
  readonly trustedProxies: number;
  readonly limits: WsLimits;
  /** Over how long WebSockets are told to go, in ms, where other nodes are there for them; 0 where none is. */
  readonly spreadMs?: number;
  /** How long requests may take to come, as Node has it. */
  readonly timeouts?: Partial<typeof patience>;
}

export interface HttpServer {
  /** Resolves with the URL once connections are taken; rejects where the address can't be had. */
  listen(port: number, host: string): Promise<string>;
  /** From now on `/ready` says that the server stops. Everything else is served as before. */
  drain(): void;
  /** Takes no new work, tells streams to come back, and ends what has not ended by the deadline. */
  close(deadlineMs: number): Promise<void>;
}

/** A page can have its own name lead to this machine, and then read what it likes: no name but loopback's is taken. */
const otherHost = 'This server answers to localhost only, as long as auth.mode is none.';
const noPlace = 'Host must be a name and a port, as in localhost:4000, and the request a path there, as in /graphql.';
const otherOrigin =
  'Pages of this origin may not use this server. Those that may are listed in server.origins of millrace.yaml.';
const worksOnly =
  'This process runs generations, and answers nothing but /health and /ready. Ask a node of another role.';
const otherPath = 'WebSockets are taken at /graphql only.';
const stops = 'This server stops. Come back in a moment.';

const readOnly = new Set<string | undefined>(['GET', 'HEAD', 'OPTIONS']);

/** Every transport on one port: GraphQL over HTTP, SSE and WebSocket on /graphql, and the health of the server. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { pipeline, readiness, origins, trustedProxies, limits, logger, spreadMs = 0, timeouts } = options;
  const addressFor = addresses(trustedProxies, logger);
  const ws = pipeline && createWsTransport({ pipeline, limits, logger, addressOf: addressFor });
  const answerReady = readyAnswers(readiness, logger);
  let draining = false;
  let closing = false;
  const answers = new Set<ServerResponse>();
  // One for all: a listener made for each would keep its upgrade request as long as the socket is open.
  const socketFailed = (error: Error) => logger.debug({ err: error }, 'socket failed');

  const server = createServer({ ...patience, ...timeouts, keepAliveTimeout, shouldUpgradeCallback: isWebSocket });
  server.on('request', (request, response) => {
    answers.add(response);
    response.once('close', () => answers.delete(response));
    response.setHeaders(safeHeaders);
    const place = placeOf(request);
    if (!place) return refuse(response, 400, 'BAD_USER_INPUT', noPlace);
    const path = place.pathname;
    request.url = path + place.search;
    if (path === '/health') return answerHealth(response);
    if (path === '/ready') return answerReady(response, draining);
    if (!pipeline) return refuse(response, 404, 'NOT_FOUND', worksOnly);
    if (!origins.allowsHost(request.headers.host)) return refuse(response, 403, 'FORBIDDEN', otherHost);
    if (path === '/') return response.writeHead(302, { location: '/graphql' }).end();
    // A form of any page may be sent here without a preflight, but not without saying where it comes from.
    const { origin, host } = request.headers;
    if (!readOnly.has(request.method) && !origins.allowsOrigin(origin, host))
      return refuse(response, 403, 'FORBIDDEN', otherOrigin);
    response.setHeader('vary', 'Origin');
    pipeline.handle(request, response, addressFor(request));
  });
  server.on('upgrade', async (request, socket, head) => {
    socket.on('error', socketFailed);
    if (closing) return refuseUpgrade(socket, '503 Service Unavailable', stops);
    const { origin, host } = request.headers;
    if (!origins.allowsHost(host)) return refuseUpgrade(socket, '403 Forbidden', otherHost);
    if (!origins.allowsOrigin(origin, host)) return refuseUpgrade(socket, '403 Forbidden', otherOrigin);
    if (!pipeline || !ws) return refuseUpgrade(socket, '404 Not Found', worksOnly);
    if (placeOf(request)?.pathname !== '/graphql') return refuseUpgrade(socket, '404 Not Found', otherPath);
    try {
      await holdWhileOpen(socket, () => pipeline.sockets.ofAddress(addressFor(request)));
    } catch (error) {
      if (isRateLimited(error)) return refuseUpgrade(socket, '429 Too Many Requests', error.message);
      logger.error({ err: error }, 'an upgrade failed');
      return refuseUpgrade(socket, '500 Internal Server Error', 'Something went wrong here.');
    }
    if (closing) return refuseUpgrade(socket, '503 Service Unavailable', stops);
    ws.upgrade(request, socket, head);
  });

  return {
    listen: (port, host) => listen(server, port, host),

    drain() {
      draining = true;
    },

    async close(deadlineMs) {
      draining = closing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A stream has no end of its own; whatever else is asked for is still answered.
      for (const answer of answers) if (answer.headersSent && !answer.writableEnded) answer.destroy();
      const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
      await Promise.all([...answers].map((answer) => once(answer, 'close')));
      clearTimeout(deadline);
      server.closeAllConnections();
      // Last of all: stock graphql-ws clients come back after little more than a second, and give up where nobody answers.
      await ws?.close(farewellMs, spreadMs);
      await closed;
      await pipeline?.close();
    },
  };
}

/** Other protocols that a client offers to go on with are passed over: its request is answered as it stands. */
const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';

function refuse(response: ServerResponse, status: number, code: ErrorCode, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`);
}

function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog }, () => {
      server.off('error', reject);
      const { port: actual } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actual}`);
    });
  });
}
