import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { BackendError } from '../backend.ts';

export interface CallOptions {
  /** Of the backend, for messages. */
  readonly name: string;
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connectMs: number;
  /** What is awaited once there is a connection, and for how long. */
  readonly then: { readonly what: string; readonly ms: number };
}

/**
 * One HTTP exchange under a watch: it is closed at once when its signal is aborted, and when what is awaited does not
 * come in time.
 *
 * It is node:http rather than fetch, because fetch neither tells when it has connected nor waits longer than 300 s for
 * headers or for the next byte. Every call has a connection of its own, so that a host which died without a word is
 * found by the connect limit, and not by the much longer one for the first token; beside a run of seconds a
 * connection costs nothing.
 */
export class Call {
  /** The answer's head. Rejects when the connection fails or is closed before. */
  readonly response: Promise<IncomingMessage>;
  readonly #name: string;
  readonly #request: ClientRequest;
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #awaited = { what: '', ms: 0 };
  #paused = false;
  #closed: { readonly reason: unknown } | undefined;

  constructor({ name, url, method, headers, body, connectMs, then }: CallOptions, signal: AbortSignal) {
    this.#name = name;
    this.#signal = signal;
    const secure = url.protocol === 'https:';
    this.#request = (secure ? https : http).request(url, { method, headers, agent: secure ? tls : plain });
    this.response = new Promise((resolve, reject) => {
      this.#request.once('response', resolve);
      this.#request.on('error', reject);
    });
    this.#request.once('socket', (socket) => {
      socket.once(secure ? 'secureConnect' : 'connect', () => this.await(then.what, then.ms));
    });
    signal.addEventListener('abort', this.#abort, { once: true });
    this.await('connection', connectMs);
    this.#request.end(body);
  }

  /** Why this side closed it; undefined while it has not. */
  get closed(): { readonly reason: unknown } | undefined {
    return this.#closed;
  }

  /** From now on waits for `what`, and closes with a `timeout` after `ms` milliseconds without a sign of life. */
  await(what: string, ms: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#awaited = { what, ms };
    this.#timer = setTimeout(this.#expire, ms);
  }

  /** The wait starts again. */
  alive(): void {
    this.#timer?.refresh();
  }

  /** The reader does something else: its own time is not held against the server. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#timer?.refresh();
  }

  /** Closes the connection, in whatever state it is. The first reason is kept. */
  close(reason?: unknown): void {
    this.#closed ??= { reason };
    clearTimeout(this.#timer);
    // A timer that was cleared comes back to life by refresh().
    this.#timer = undefined;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#request.destroy();
  }

  readonly #abort = (): void => this.close(this.#signal.reason);

  readonly #expire = (): void => {
    const { what, ms } = this.#awaited;
    if (!this.#paused) this.close(new BackendError('timeout', `${this.#name}: no ${what} within ${ms} ms.`));
  };
}

// Without keep-alive an agent has no limit and no pool; the one for TLS keeps the sessions, for shorter handshakes.
const plain = new http.Agent({ keepAlive: false });
const tls = new https.Agent({ keepAlive: false });
