import { connect } from './raw-socket.ts';

export interface TransportAnswer {
  readonly data?: unknown;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: unknown;
    readonly locations?: unknown;
    readonly extensions: Record<string, unknown>;
  }[];
}

/** Sends the parameters of an operation to a server, with a token or none, and gives its first answer, as a client has it. */
type Ask = (origin: string, params: Record<string, unknown>, token?: string) => Promise<TransportAnswer>;

const post = (origin: string, params: object, accept: string, token: string | undefined) =>
  fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(params),
  });

async function overHttp(origin: string, params: object, token?: string): Promise<TransportAnswer> {
  return (await post(origin, params, 'application/json', token)).json();
}

async function overSse(origin: string, params: object, token?: string): Promise<TransportAnswer> {
  const response = await post(origin, params, 'text/event-stream', token);
  const text = await response.text();
  return JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text);
}

/** The socket must still answer afterwards. */
async function overWebSocket(
  origin: string,
  { query = '', ...params }: Record<string, unknown>,
  token?: string,
): Promise<TransportAnswer> {
  const socket = await connect(`${origin.replace('http', 'ws')}/graphql`, token);
  socket.send({ id: 'a', type: 'subscribe', payload: { query, ...params } });
  const { type, payload } = await socket.next('a');
  socket.send({ type: 'ping' });
  const pong = await socket.next();
  if (pong.type !== 'pong' && pong.type !== 'complete') throw new Error(`not a pong: ${pong.type}`);
  socket.terminate();
  return (type === 'error' ? { errors: payload } : payload) as TransportAnswer;
}

/** Every way in. */
export const transports: readonly (readonly [name: string, ask: Ask])[] = [
  ['HTTP', overHttp],
  ['SSE', overSse],
  ['WebSocket', overWebSocket],
];
