import { randomUUID } from 'node:crypto';
import { CloseCode, type Message, MessageType, type SubscribeMessage, validateMessage } from 'graphql-ws';
import type { GraphQLParams } from 'graphql-yoga';
import type { Logger } from 'pino';
import { bearer } from '../auth/auth.ts';
import { type ErrorCode, isRateLimited, isUnavailable, MillraceError } from '../domain/errors.ts';
import type { OperationResult, Pipeline } from '../graphql/graphql.ts';
import { Operation, type Outlet } from './operation.ts';
import type { Wire } from './wire.ts';

/** Longer ids of operations are nobody's: clients count, or use UUIDs. */
const maxIdLength = 256;
/** Try Again Later. */
const laterCode = 1013;
/** Ways to be told to come back with another token: of 4401 stock clients would give up for good. */
const forbidding: readonly ErrorCode[] = ['UNAUTHENTICATED', 'FORBIDDEN'];

type Client = Awaited<ReturnType<Pipeline['connect']>>;

/** What one client may do on one socket. */
export interface SocketLimits {
  /** Bytes of a message. */
  readonly bodyBytes: number;
  readonly subscriptionsPerSocket: number;
}

interface ConnectionOptions {
  readonly pipeline: Pipeline;
  readonly limits: SocketLimits;
  readonly logger: Logger;
  readonly ip: string;
  /** The token that the upgrade request showed, if it did. */
  readonly token: string | undefined;
  /** Messages are wrong for the protocol: the socket closes. All that is wrong with an operation is said to its id. */
  readonly wire: Pick<Wire, 'send' | 'sendObject' | 'reply' | 'close'>;
}

/** What is said on one socket: graphql-transport-ws, as its document has it, over the pipeline. */
export class Connection implements Outlet {
  readonly #options: ConnectionOptions;
  readonly #wire: ConnectionOptions['wire'];
  readonly #operations = new Map<string, Operation>();
  /** Operations that are executed, those of which the client wants to hear no more among them. */
  #running = 0;
  #greeted = false;
  #closed = false;
  #client: Client | undefined;
  /** Its viewer's, held as long as the socket is open. */
  #place: Awaited<ReturnType<Pipeline['sockets']['ofViewer']>> | undefined;
  #unwatch = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#wire = options.wire;
  }

  /** Whether it has begun with connection_init. */
  get greeted(): boolean {
    return this.#greeted;
  }

  /** Whether its client was let in. */
  get admitted(): boolean {
    return this.#client !== undefined;
  }

  /** Takes a message. Where it gives a promise, the next is to wait for that; it never rejects. */
  receive(data: Buffer): Promise<void> | undefined {
    const message = this.#parse(data);
    switch (message?.type) {
      case MessageType.ConnectionInit:
        void this.#greet(shownToken(message.payload));
        return;
      case MessageType.Ping:
        return this.#ping(message.payload);
      case MessageType.Subscribe:
        this.#subscribe(message, data.length);
        return;
      case MessageType.Complete:
        this.#leave(message.id);
    }
  }

  /** The socket is gone: all that it has going ends. */
  end(): void {
    this.#closed = true;
    this.#place?.release();
    this.#unwatch();
    for (const id of this.#operations.keys()) this.#leave(id);
  }

  /** The message, if it is one that clients may send; otherwise the socket is closed. */
  #parse(data: Buffer): Message | undefined {
    try {
      const message = validateMessage(JSON.parse(String(data)));
      if (!fromClients.includes(message.type)) throw new Error(`Clients do not send "${message.type}" messages`);
      const isLarge = data.length > this.#options.limits.bodyBytes;
      if (isLarge && message.type !== MessageType.Subscribe) throw new Error(`"${message.type}" message is too large`);
      return message;
    } catch (error) {
      const invalid = error instanceof SyntaxError ? 'Message is not JSON' : (error as Error).message;
      this.#wire.close(CloseCode.BadRequest, invalid);
      return undefined;
    }
  }

  async #greet(token = this.#options.token): Promise<void> {
    if (this.#greeted) {
      return this.#wire.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
    }
    this.#greeted = true;
    const { pipeline, ip } = this.#options;
    try {
      const client = await pipeline.connect(ip, token);
      this.#place = await pipeline.sockets.ofViewer(client.session.viewer);
      if (this.#closed) {
        this.#place.release();
        return;
      }
      this.#client = client;
      // Its streams are told first: their ends are under way when the socket's is.
      const end = () => setImmediate(() => this.#wire.close(CloseCode.Forbidden, 'The token has ended'));
      this.#unwatch = client.onEnd(end);
      this.#wire.reply(JSON.stringify({ type: MessageType.ConnectionAck }));
    } catch (error) {
      this.#refuse(error);
    }
  }

  #ping(payload: Record<string, unknown> | null | undefined): Promise<void> | undefined {
    const token = shownToken(payload);
    // A token is not sent back.
    const said = token === undefined ? (payload ?? undefined) : undefined;
    const pong = () => this.#wire.reply(JSON.stringify({ type: MessageType.Pong, payload: said }));
    if (token === undefined || !this.#client) {
      pong();
      return;
    }
    // Where tokens are not looked at now the old one holds on, for as long as it does.
    return this.#client.renew(token).then(pong, (error) => (isForLater(error) ? pong() : this.#refuse(error)));
  }

  /** Whoever shows no good token is to come back with another; what else is wrong may be right a little later. */
  #refuse(error: unknown): void {
    const known = error instanceof MillraceError;
    if (!known) this.#options.logger.error({ err: error }, 'letting a client in failed');
    if (known && forbidding.includes(error.code)) this.#wire.close(CloseCode.Forbidden, error.message);
    else this.#wire.close(laterCode, isRateLimited(error) ? error.message : 'Try again later');
  }

  #subscribe({ id, payload }: SubscribeMessage, size: number): void {
    const client = this.#client;
    const wrong = this.#wrongWith(id, size);
    if (!client) this.#wire.close(CloseCode.Unauthorized, 'Unauthorized');
    else if (this.#operations.has(id)) {
      this.#wire.close(CloseCode.SubscriberAlreadyExists, `Subscriber for ${id} already exists`);
    } else if (wrong) this.#wire.reply(JSON.stringify({ id, type: MessageType.Error, payload: [wrong] }));
    else this.#run(id, this.#options.pipeline.execute(payload as GraphQLParams, client));
  }

  #wrongWith(id: string, size: number) {
    const { bodyBytes, subscriptionsPerSocket } = this.#options.limits;
    if (size > bodyBytes)
      return error('BAD_USER_INPUT', `A message has at most ${bodyBytes} bytes; this one has ${size}.`);
    if (id.length > maxIdLength) return error('BAD_USER_INPUT', `An id has at most ${maxIdLength} characters.`);
    if (this.#running < subscriptionsPerSocket) return undefined;
    const message = `A socket has at most ${subscriptionsPerSocket} operations under way: complete some, or open another socket.`;
    return error('RATE_LIMITED', message);
  }

  /** Takes nothing of what was asked: it would hold that as long as the stream lasts. */
  #run(id: string, result: Promise<OperationResult>): void {
    const operation = new Operation(id, this);
    this.#operations.set(id, operation);
    this.#running++;
    void operation.run(result);
  }

  tell(id: string, type: 'next' | 'error' | 'complete', payload?: string): Promise<void> {
    // The id is free when its client can know that it is.
    if (type !== 'next') this.#operations.delete(id);
    return this.#wire.send(
      `{"id":${JSON.stringify(id)},"type":"${type}"${payload === undefined ? '' : `,"payload":${payload}`}}`,
    );
  }

  give(head: string, answer: Parameters<Outlet['give']>[1]): Promise<void> | undefined {
    return this.#wire.sendObject(head, answer.json());
  }

  explain(cause: unknown): string {
    const errorId = randomUUID();
    this.#options.logger.error({ err: cause, errorId }, 'internal error');
    const message = `Something went wrong here. Tell the people who run this server the id ${errorId}.`;
    return JSON.stringify([{ message, extensions: { code: 'INTERNAL', errorId } }]);
  }

  over(): void {
    this.#running--;
  }

  #leave(id: string): void {
    const operation = this.#operations.get(id);
    this.#operations.delete(id);
    operation?.leave();
  }
}

const isForLater = (error: unknown) => isUnavailable(error) || isRateLimited(error);

const fromClients: readonly MessageType[] = [
  MessageType.ConnectionInit,
  MessageType.Ping,
  MessageType.Pong,
  MessageType.Subscribe,
  MessageType.Complete,
];

const error = (code: ErrorCode, message: string) => ({ message, extensions: { code } });

/** The token in a payload of connection_init or ping: `{ "authorization": "Bearer …" }` or `{ "token": "…" }`. */
function shownToken(payload: Record<string, unknown> | null | undefined): string | undefined {
  const { token, authorization, Authorization = authorization } = payload ?? {};
  if (typeof token === 'string') return token;
  return typeof Authorization === 'string' ? (bearer(Authorization) ?? Authorization) : undefined;
}
