import { print } from 'graphql';
import { FollowGenerationDocument, type FollowGenerationSubscription } from '../../src/client/generated/operations.ts';
import { LightSocket } from './socket.ts';

export interface ReaderOptions {
  readonly url: string;
  /** The token that it shows. */
  readonly key?: string | undefined;
  /** The generation that it reads. */
  readonly id: string;
  /** The address that it comes from. */
  readonly localAddress: string;
}

interface Message {
  readonly type: string;
  readonly payload: { readonly data?: FollowGenerationSubscription };
}

type Event = FollowGenerationSubscription['generation'];

const query = print(FollowGenerationDocument);

/**
 * One who reads an answer over a WebSocket, as often as its connection breaks: it keeps text and cursor, and is told
 * nothing that it has already, nor anything behind a hole, or fails.
 */
export class Reader {
  text = '';
  /** Messages with an event. */
  messages = 0;
  /** Resolves when it was told the end. */
  readonly ended: Promise<void>;
  readonly #options: ReaderOptions;
  readonly #ended = Promise.withResolvers<void>();
  #cursor: string | undefined;
  #socket: LightSocket | undefined;
  #told = Promise.withResolvers<void>();

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.ended = this.#ended.promise;
    this.ended.catch(() => {});
  }

  /** Comes, or comes back with the cursor that it has. Resolves with the first event. */
  connect(): Promise<void> {
    const told = Promise.withResolvers<void>();
    this.#told = told;
    const { url, key, localAddress } = this.#options;
    const socket = new LightSocket({
      url,
      localAddress,
      onMessage: (message) => this.#take(message),
      onEnd: (reason) => this.#fail(new Error(`The server ended a socket: ${reason}`)),
    });
    this.#socket = socket;
    const init = { type: 'connection_init', payload: key === undefined ? {} : { token: key } };
    socket.opened.then(
      () => socket.send(JSON.stringify(init)),
      () => {},
    );
    return told.promise;
  }

  /** Hangs up. */
  drop(): void {
    this.#socket?.destroy();
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Reads once, and then nothing more. */
  sip(): void {
    this.#socket?.sip();
  }

  #take(bytes: Buffer): void {
    const { type, payload } = parse(bytes);
    if (type === 'connection_ack') {
      const { id } = this.#options;
      const variables = { id, after: this.#cursor };
      this.#socket?.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
    } else if (type === 'next' && payload.data) {
      this.#apply(payload.data.generation);
    } else if (type !== 'complete') {
      this.#fail(new Error(`It was told ${bytes}`));
    }
  }

  #apply(event: Event): void {
    if (event.__typename === 'TextAppended') {
      const { length } = this.text;
      if (event.position !== length)
        this.#fail(new Error(`It has ${length}, and is told what is at ${event.position}`));
      this.text += event.text;
    }
    this.#cursor = event.cursor;
    this.messages++;
    this.#told.resolve();
    if (event.__typename === 'GenerationEnded') this.#ended.resolve();
  }

  #fail(error: Error): void {
    this.#told.reject(error);
    this.#ended.reject(error);
  }
}

let bytesBefore = Buffer.alloc(0);
let messageBefore: Message;

/** What one is told, others are told just before and after. */
function parse(bytes: Buffer): Message {
  if (!bytes.equals(bytesBefore)) {
    bytesBefore = Buffer.from(bytes);
    messageBefore = JSON.parse(String(bytes));
  }
  return messageBefore;
}

/** Each source address has some 28,000 ports, and ports of sockets that have ended are not free at once. */
const addresses = 20;
/** So many connect at once: a server's queue of connections holds a few hundred. */
const atOnce = 100;

/** Readers from several addresses, all connected. */
export async function connected(count: number, options: Omit<ReaderOptions, 'localAddress'>): Promise<Reader[]> {
  const readers = Array.from(
    { length: count },
    (_, index) => new Reader({ ...options, localAddress: `127.0.0.${1 + (index % addresses)}` }),
  );
  for (let from = 0; from < count; from += atOnce)
    await Promise.all(readers.slice(from, from + atOnce).map((reader) => reader.connect()));
  return readers;
}
