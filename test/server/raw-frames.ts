import { openHttp, requestText } from './raw-http.ts';

/** Frames of RFC 6455, good and bad ones; masked by zeros, which leaves their payload readable. */
export function frame(
  first: number,
  payload: string | Buffer = '',
  { masked = true, length = Buffer.byteLength(payload) } = {},
): Buffer {
  const mask = masked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.from([first, mask | length])
      : length < 1 << 16
        ? Buffer.from([first, mask | 126, length >> 8, length & 255])
        : Buffer.concat([Buffer.from([first, mask | 127]), bigEndian(length)]);
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0), Buffer.from(payload)]);
}

function bigEndian(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

export const text = (message: string | Buffer) => frame(0x81, message);
export const ping = (payload = '') => frame(0x89, payload);
export const greeting = text('{"type":"connection_init"}');

/** The upgrade request that browsers send, and what follows it. */
export const upgrade = (headers: Readonly<Record<string, string>> = {}): string =>
  requestText('GET /graphql', {
    ...{ Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'graphql-transport-ws' },
    ...{ 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    ...headers,
  });

/** The code of the close frame in what a server said after its upgrade; undefined where there is none. */
export function closeCode(received: string): number | undefined {
  const begin = received.indexOf('\r\n\r\n') + 4;
  let rest = Buffer.from(received.slice(begin), 'latin1');
  while (rest.length >= 2) {
    const short = rest.readUInt8(1);
    const [skip, length] =
      short === 126 ? [4, rest.readUInt16BE(2)] : short === 127 ? [10, Number(rest.readBigUInt64BE(2))] : [2, short];
    if (rest.readUInt8(0) === 0x88) return rest.readUInt16BE(skip);
    rest = rest.subarray(skip + length);
  }
  return undefined;
}

/** Says that on a socket past its upgrade, and gives the code that the server closes it with. */
export async function closedBy(url: string, ...frames: Buffer[]): Promise<number | undefined> {
  const { socket, closed } = openHttp(url);
  socket.write(Buffer.concat([Buffer.from(upgrade()), greeting, ...frames]));
  return closeCode(await closed);
}
