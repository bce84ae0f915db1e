import { once } from 'node:events';
import WebSocket, { type ClientOptions } from 'ws';

interface Message {
  readonly id?: string;
  readonly type: string;
  readonly payload?: unknown;
}

/** One socket, and what was said on it, as the protocol has it. */
export interface RawSocket {
  /** As JSON, unless it is a string. */
  send(message: object | string): void;
  /** The next message, of those for `id` where it is given. */
  next(id?: string): Promise<Message>;
  /** The messages that nobody has taken so far. */
  readonly unread: readonly Message[];
  /** Resolves with the code once it is closed. */
  readonly closed: Promise<number>;
  /** Resolves with code and reason once it is closed, as in `4401 Unauthorized`. */
  readonly farewell: Promise<string>;
  terminate(): void;
}

export async function openSocket(
  url: string,
  {
    protocol = 'graphql-transport-ws',
    ...options
  }: Omit<ClientOptions, 'protocol'> & { protocol?: string | string[] } = {},
): Promise<RawSocket> {
  const socket = new WebSocket(url, protocol, options);
  const unread: Message[] = [];
  let wake = Promise.withResolvers<void>();
  socket.on('message', (data) => {
    unread.push(JSON.parse(String(data)));
    wake.resolve();
  });
  const end = once(socket, 'close').then(([code, reason]) => {
    wake.reject(new Error(`closed with ${code}`));
    return { code: code as number, reason: String(reason) };
  });
  wake.promise.catch(() => {});
  await once(socket, 'open');
  return {
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async next(id) {
      for (;;) {
        const index = unread.findIndex((message) => id === undefined || message.id === id);
        const [found] = index < 0 ? [] : unread.splice(index, 1);
        if (found) return found;
        await wake.promise;
        wake = Promise.withResolvers();
        wake.promise.catch(() => {});
        if (socket.readyState > WebSocket.OPEN) wake.reject(new Error('closed'));
      }
    },
    unread,
    closed: end.then(({ code }) => code),
    farewell: end.then(({ code, reason }) => `${code} ${reason}`.trim()),
    terminate: () => socket.terminate(),
  };
}

/** A socket that is past `connection_ack`, with a token or none. */
export async function connect(url: string, token?: string): Promise<RawSocket> {
  const socket = await openSocket(url);
  socket.send({ type: 'connection_init', ...(token && { payload: { token } }) });
  const { type } = await socket.next();
  if (type !== 'connection_ack') throw new Error(`The server answered ${type}.`);
  return socket;
}

export const subscribe = (id: string, query: string, more: object = {}) => ({
  id,
  type: 'subscribe',
  payload: { query, ...more },
});
