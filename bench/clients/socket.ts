import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const opcodes = { continuation: 0x0, text: 0x1, close: 0x8, ping: 0x9, pong: 0xa };

export interface LightSocketOptions {
  /** `http://127.0.0.1:…/graphql` */
  readonly url: string;
  /** The address that it comes from: each has so many ports. */
  readonly localAddress?: string;
  /** Told each text message, as it came; the bytes are good until it returns. */
  readonly onMessage: (message: Buffer) => void;
  /** Told when the other side ended it, and what it said. */
  readonly onEnd: (reason: string) => void;
}

/**
 * The side of a WebSocket that costs next to nothing: it reads whole frames and looks at no more of them than it must, so
 * that one process is as many clients as a server can bear.
 */
export class LightSocket {
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #options: LightSocketOptions;
  readonly #opened = Promise.withResolvers<void>();
  #upgraded = false;
  /** The beginning of a frame, or of the answer to the upgrade, of which the rest is still to come. */
  #rest: Buffer | undefined;
  /** Of a message that comes in several frames. */
  #fragments: Buffer[] = [];

  constructor(options: LightSocketOptions) {
    this.#options = options;
    this.opened = this.#opened.promise;
    const { hostname, port, pathname, host } = new URL(options.url);
    const { localAddress } = options;
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      ...(localAddress && { localAddress }),
    });
    this.#socket.on('data', (data: Buffer) => this.#read(data));
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('end', () => this.#end('ended'));
    const key = randomBytes(16).toString('base64');
    const headers = [
      `GET ${pathname} HTTP/1.1`,
      `Host: ${host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      'Sec-WebSocket-Protocol: graphql-transport-ws',
    ];
    this.#socket.write(`${headers.join('\r\n')}\r\n\r\n`);
  }

  send(message: string): void {
    this.#write(opcodes.text, Buffer.from(message));
  }

  /** Reads nothing more of what comes until `resume`: the system's buffers fill, and then the other side's. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Reads once, and then nothing more. */
  sip(): void {
    this.#socket.once('data', () => this.#socket.pause()).resume();
  }

  /** Hangs up without a word. */
  destroy(): void {
    this.#socket.removeAllListeners('end');
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    let bytes = this.#rest ? Buffer.concat([this.#rest, data]) : data;
    this.#rest = undefined;
    if (!this.#upgraded) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) {
        this.#rest = bytes;
        return;
      }
      const status = bytes.toString('latin1', 0, bytes.indexOf('\r\n'));
      if (!status.includes(' 101 ')) {
        this.#end(bytes.toString());
        return;
      }
      this.#upgraded = true;
      this.#opened.resolve();
      bytes = bytes.subarray(end + 4);
    }
    let at = 0;
    for (;;) {
      const frame = frameAt(bytes, at);
      if (!frame) break;
      at = frame.to;
      this.#take(frame, bytes.subarray(frame.from, frame.to));
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }

  #take({ opcode, last }: Frame, payload: Buffer): void {
    if (opcode === opcodes.text || opcode === opcodes.continuation) this.#gather(payload, last);
    else if (opcode === opcodes.ping) this.#write(opcodes.pong, payload);
    else if (opcode === opcodes.close) this.#end(payload.toString('utf8', 2));
  }

  #gather(payload: Buffer, last: boolean): void {
    if (!last || this.#fragments.length > 0) this.#fragments.push(payload);
    if (last) this.#options.onMessage(this.#fragments.length > 0 ? Buffer.concat(this.#fragments.splice(0)) : payload);
  }

  /** One frame, masked by nothing: zeros are as good a mask as any. */
  #write(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const head = length < 126 ? Buffer.alloc(6) : Buffer.alloc(8);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | Math.min(length, 126);
    if (length >= 126) head.writeUInt16BE(length, 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  #end(reason: string): void {
    this.#opened.reject(new Error(reason));
    this.destroy();
    this.#options.onEnd(reason);
  }
}

interface Frame {
  readonly opcode: number;
  /** Whether its message ends with it. */
  readonly last: boolean;
  /** Where its payload begins, and where that ends. */
  readonly from: number;
  readonly to: number;
}

/** The frame that begins at `at`, if all of it is there: no server masks what it sends. */
function frameAt(bytes: Buffer, at: number): Frame | undefined {
  const second = bytes[at + 1];
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const from = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (bytes.length < from) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUInt32BE(at + 6);
  const to = from + length;
  const first = bytes[at] ?? 0;
  return to <= bytes.length ? { opcode: first & 0x0f, last: first >= 0x80, from, to } : undefined;
}
