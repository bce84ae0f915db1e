import { CloseCode, type ConnectionInitMessage, handleProtocols, makeServer, type ServerOptions } from 'graphql-ws';
import type { Extra } from 'graphql-ws/use/ws';
import type { Logger } from 'pino';
import type { WebSocket, WebSocketServer } from 'ws';

export interface SocketsOptions {
  /** Idle sockets are asked for a sign of life this often; one that gives none for as long again is ended. */
  readonly keepAliveMs: number;
  readonly logger: Logger;
}

/**
 * Speaks graphql-transport-ws on every socket. What goes wrong is for the log: graphql-ws' own wiring prints it, with a
 * stack, whatever a client sends.
 */
export function serveSockets(
  options: ServerOptions<ConnectionInitMessage['payload'], Extra>,
  sockets: WebSocketServer,
  { keepAliveMs, logger }: SocketsOptions,
): void {
  const server = makeServer(options);
  sockets.options.handleProtocols = handleProtocols;
  sockets.on('connection', (socket, request) => {
    const endKeepAlive = keepAlive(socket, keepAliveMs);
    // What came was no frame, or too long: the socket is closed with a code that says so.
    socket.on('error', (error) => logger.debug({ err: error }, 'socket failed'));
    const fail = (error: unknown) => {
      // Nothing can be sent to one who has gone, and there is no more to it.
      if (socket.readyState !== socket.OPEN) return;
      logger.error({ err: error }, 'failed');
      socket.close(CloseCode.InternalServerError, 'Internal server error');
    };
    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (handle) => socket.on('message', (data) => handle(String(data)).catch(fail)),
      },
      { socket, request },
    );
    socket.once('close', (code, reason) => {
      endKeepAlive();
      closed(code, String(reason));
    });
  });
}

function send(socket: WebSocket, data: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (socket.readyState !== socket.OPEN) resolve();
  else socket.send(data, (error) => (error ? reject(error) : resolve()));
  return promise;
}

function keepAlive(socket: WebSocket, everyMs: number): () => void {
  let alive = true;
  const timer = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, everyMs);
  socket.on('pong', () => {
    alive = true;
  });
  return () => clearInterval(timer);
}
