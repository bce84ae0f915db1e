import type { WebSocket } from 'ws';
import { Pace } from './pace.ts';

/** Bytes of replies that a client has not taken. With more than that under way, nothing more of what it says is read. */
const mostOwed = 64 << 10;
/** A close frame holds so many bytes of a reason. */
const reasonBytes = 123;

interface WireOptions {
  readonly socket: WebSocket;
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

  constructor({ socket, messagesPerSecond, keepAliveMs, onMessage }: WireOptions) {
    this.#socket = socket;
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
