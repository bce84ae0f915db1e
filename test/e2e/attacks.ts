import { type RawSocket, subscribe, connect as toServer } from '../server/raw-socket.ts';
import type { Attack } from './hostile.ts';
import type { TestServer } from './server.ts';

/** What may be said of an answer: `ok`, the code of its first error, or its status where it has neither data nor errors. */
function outcomeOf(status: number, text: string): string {
  const { data, errors } = JSON.parse(text || '{}') as { data?: unknown; errors?: { extensions: { code: string } }[] };
  return errors?.[0]?.extensions.code ?? (data ? 'ok' : String(status));
}

type Headers = Readonly<Record<string, string>>;
type Body = string | Uint8Array<ArrayBuffer> | ReadableStream;

/** Gives status and outcome of a request over HTTP, as in `400 BAD_USER_INPUT`. */
export const byHttp =
  (body: Body, headers: Headers = {}) =>
  async ({ url }: TestServer): Promise<string> => {
    const response = await fetch(url, {
      ...{ method: 'POST', body, duplex: 'half' },
      headers: { 'content-type': 'application/json', ...headers },
    });
    return `${response.status} ${outcomeOf(response.status, await response.text())}`;
  };

/** Gives the outcome of what is asked for over SSE: `ok` where its first event has data. */
export const bySse =
  (params: string, headers: Headers = {}) =>
  async ({ url }: TestServer): Promise<string> => {
    const response = await fetch(url, {
      ...{ method: 'POST', body: params },
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    });
    const text = await response.text();
    const [, data] = /^data: (.+)$/m.exec(text) ?? [];
    return outcomeOf(response.status, data ?? text);
  };

/** Gives the outcome of an operation on a socket: `ok` where its first message is a next. The socket is to stay. */
export const byWs =
  (params: string, connect = (server: TestServer) => toServer(server.wsUrl)) =>
  async (server: TestServer): Promise<string> => {
    const socket = await connect(server);
    socket.send(`{"id":"1","type":"subscribe","payload":${params}}`);
    const { payload } = await socket.next('1');
    socket.send(subscribe('2', '{ __typename }'));
    await socket.next('2');
    socket.terminate();
    return outcomeOf(0, JSON.stringify(Array.isArray(payload) ? { errors: payload } : payload));
  };

/** The same operation, as JSON, over HTTP, WebSocket and SSE, with the same outcome on each. */
export const everywhere = (what: string, params: string, answer: string, headers: Headers = {}): Attack[] => [
  { what: `${what}, over HTTP`, answer: new RegExp(` ${answer}$`), run: byHttp(params, headers) },
  { what: `${what}, over WebSocket`, answer, run: byWs(params) },
  { what: `${what}, over SSE`, answer, run: bySse(params, headers) },
];

/** Says that on a socket past connection_ack, and gives the first answer's type and code, or code and reason of the close. */
export const said =
  (...messages: (object | string)[]) =>
  async ({ wsUrl }: TestServer): Promise<string> => {
    const socket = await toServer(wsUrl);
    for (const message of messages) socket.send(message);
    const outcome = await firstAnswer(socket);
    socket.terminate();
    return outcome;
  };

/** The first answer's type and code, or code and reason of the close. */
export async function firstAnswer(socket: RawSocket): Promise<string> {
  const message = await socket.next().catch(() => undefined);
  if (!message) return socket.farewell;
  const [error] = message.type === 'error' ? (message.payload as { extensions: { code: string } }[]) : [];
  return [message.type, error?.extensions.code].filter(Boolean).join(' ');
}
