import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { Pace } from './pace.ts';

/** Bytes of replies that a client has not taken. With more than that under way, nothing more of what it says is read. */
const mostOwed = 64 << 10;
/** A longer value is not copied for each of those who get it, and goes as a fragment of its own (RFC 6455, 5.4). */
const mostCopied = 16 << 10;
const fragment = { binary: false, fin: false };
const lastFragment = { binary: false };
const closingBrace = Buffer.from('}');
/** A whole text message in one frame. */
const textFrame = 0x81;
/** From this length on a frame has it in two bytes of their own. */
const twoByteLength = 126;
/**
 * Frames are cut from blocks of so many bytes. A frame that a client does not take holds its block, and Node's own blocks
 * have 64 KiB.
 */
const blockBytes = 8 << 10;
/** A close frame holds so many bytes of a reason. */
const reasonBytes = 123;

interface WireOptions {
  readonly socket: WebSocket;
  /** What it is on. */
  readonly raw: Duplex;
  readonly messagesPerSecond: number;
  /** An idle client is asked for a sign of life this often; one that gives none for as long again is gone. */
  readonly keepAliveMs: number;
  /** Takes a message; where it gives a promise, which never rejects, the next message waits for that. */
  readonly onMessage: (data: Buffer) => Promise<void> | undefined;
}

/**
 * One WebSocket, which holds its client back where that is too fast: its messages come in their order and at their pace,
 * the rest waits where it is, in the system's buffers and its client's. Pings of the WebSocket itself count as messages.
 */
export class Wire {
  readonly #socket: WebSocket;
  readonly #raw: Duplex;
  readonly #pace: Pace;
  readonly #onMessage: WireOptions['onMessage'];
  /** What came with the last read before that could be paused: 64 KiB at most, beside what completed a message. */
  readonly #waiting: Buffer[] = [];
  /** The last one that has no answer yet: RFC 6455, 5.5.3, asks for no other's. */
  #ping: Buffer | undefined;
  #owed = 0;
  #busy = false;
  #alive = true;
  #timer: NodeJS.Timeout | undefined;
  readonly #keepAlives: NodeJS.Timeout;

  constructor({ socket, raw, messagesPerSecond, keepAliveMs, onMessage }: WireOptions) {
    this.#socket = socket;
    this.#raw = raw;
    this.#pace = new Pace(messagesPerSecond);
    this.#onMessage = onMessage;
    socket.on('message', (data) => {
      this.#waiting.push(data as Buffer);
      this.#read();
    });
    socket.on('ping', (data) => {
      this.#ping = data;
      this.#read();
    });
    socket.on('pong', () => {
      this.#alive = true;
    });
    this.#keepAlives = setInterval(() => this.#keepAlive(), keepAliveMs);
  }

  /** The socket is gone. */
  end(): void {
    clearInterval(this.#keepAlives);
    clearTimeout(this.#timer);
  }

  /** Resolves once the message has gone out, or never will. */
  send(message: string): Promise<void> {
    return new Promise((resolve) => this.#socket.send(message, () => resolve()));
  }

  /**
   * Sends an object of which `head` is the beginning and `value` the last value. Gives a promise as `send` does, unless the
   * system has taken all of it at once: then there is nothing to wait for. Once the socket closes nothing is sent, and the
   * promise is never resolved: who waits is to make nothing more for it.
   */
  sendObject(head: string, value: Buffer): Promise<void> | undefined {
    if (this.#socket.readyState !== this.#socket.OPEN) return new Promise(() => {});
    if (value.length > mostCopied) {
      this.#socket.send(head, fragment);
      this.#socket.send(value, fragment);
      this.#socket.send(closingBrace, lastFragment);
    } else {
      this.#raw.write(frameOf(head, value));
    }
    if (this.#raw.writableLength === 0) return undefined;
    return new Promise((resolve) => this.#raw.write('', () => resolve()));
  }

  /** Sends what nobody waits for. */
  reply(message: string): void {
    this.#owe(Buffer.byteLength(message), (sent) => this.#socket.send(message, sent));
  }

  close(code: number, reason: string): void {
    const bytes = new Uint8Array(reasonBytes);
    const { written } = new TextEncoder().encodeInto(reason, bytes);
    this.#socket.close(code, Buffer.from(bytes.subarray(0, written)));
  }

  #read(): void {
    while (this.#socket.readyState === this.#socket.OPEN && (this.#ping || this.#waiting.length > 0)) {
      const waitMs = this.#busy || this.#owed > mostOwed ? Number.POSITIVE_INFINITY : this.#pace.take();
      if (waitMs > 0) {
        this.#hold(waitMs);
        return;
      }
      this.#alive = true;
      if (this.#ping) this.#pong(this.#ping);
      else this.#take(this.#waiting.shift());
    }
    // What follows a message that closed the socket is nobody's.
    this.#waiting.length = 0;
    if (this.#socket.isPaused) this.#socket.resume();
  }

  #hold(waitMs: number): void {
    this.#socket.pause();
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#read();
    }, waitMs);
  }

  #pong(data: Buffer): void {
    this.#ping = undefined;
    this.#owe(data.length, (sent) => this.#socket.pong(data, false, sent));
  }

  #take(data: Buffer | undefined): void {
    const done = data && this.#onMessage(data);
    if (!done) return;
    this.#busy = true;
    void done.then(() => {
      this.#busy = false;
      this.#read();
    });
  }

  #owe(bytes: number, send: (sent: () => void) => void): void {
    this.#owed += bytes;
    send(() => {
      this.#owed -= bytes;
      this.#read();
    });
  }

  #keepAlive(): void {
    if (!this.#alive) this.#socket.terminate();
    else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
    this.#alive = false;
  }
}

/**
 * A message in the very bytes that go out. It is what everybody who follows a generation gets for each token: ws would
 * write its head and its body in two, which costs a tenth more.
 */
function frameOf(head: string, value: Buffer): Buffer {
  const headLength = Buffer.byteLength(head);
  const length = headLength + value.length + 1;
  const start = length < twoByteLength ? 2 : 4;
  const frame = cut(start + length);
  frame[0] = textFrame;
  frame[1] = Math.min(length, twoByteLength);
  if (start === 4) frame.writeUInt16BE(length, 2);
  frame.write(head, start);
  frame.set(value, start + headLength);
  frame[start + length - 1] = 0x7d;
  return frame;
}

let block = Buffer.allocUnsafeSlow(blockBytes);
let used = 0;

/** So many bytes of a block, or of their own where they are many. What is in them is nobody's. */
function cut(bytes: number): Buffer {
  if (bytes > blockBytes / 4) return Buffer.allocUnsafeSlow(bytes);
  if (used + bytes > blockBytes) {
    block = Buffer.allocUnsafeSlow(blockBytes);
    used = 0;
  }
  used += bytes;
  return block.subarray(used - bytes, used);
}
