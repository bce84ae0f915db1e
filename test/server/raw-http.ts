import { connect, type Socket } from 'node:net';

export interface RawHttp {
  readonly socket: Socket;
  /** All that was answered so far. */
  received(): string;
  /** Resolves with all that was answered, once the connection is closed. */
  readonly closed: Promise<string>;
}

/** A connection on which anything may be said. */
export function openHttp(url: string): RawHttp {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (data) => {
    received += data.toString('latin1');
  });
  // A reset is a way to close.
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)));
  return { socket, received: () => received, closed };
}

/** Says that, and gives all that is answered until the connection is closed, from whichever side. */
export function exchange(url: string, said: string | Buffer): Promise<string> {
  const { socket, closed } = openHttp(url);
  socket.write(said);
  return closed;
}

/** The status of each answer. */
export const statuses = (received: string): number[] =>
  [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

/** A request as text; `Connection: close` is among its headers, unless others are given. */
export function requestText(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = { Host: 'localhost', Connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
