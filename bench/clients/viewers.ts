/** Many viewers, each with a socket and one subscription on it, that count what they are told. */
import { randomUUID } from 'node:crypto';
import { answer } from '../answers.ts';
import { LightSocket } from './socket.ts';

export interface Join {
  readonly url: string;
  readonly viewers: number;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The token that they show. */
  readonly key?: string | undefined;
  /** How many messages each is told at once. */
  readonly greetings?: number;
}

export interface Heard {
  /** Messages since they joined, of all of them. */
  readonly messages: number;
  readonly bytes: number;
  /** What one of them was told, in order. */
  readonly told: readonly string[];
}

/** So many connect at once: a server's queue of connections holds a few hundred. */
const atOnce = 100;
/** Each source address has some 28,000 ports, and ports of sockets that have ended are not free at once. */
const addresses = 20;
const last = Buffer.from('"GenerationEnded"');

let sockets: LightSocket[] = [];
let messages = 0;
let bytes = 0;
let told: string[] = [];
let ended = 0;
let allEnded = Promise.withResolvers<void>();

answer({
  /** Resolves when all have subscribed; what they are told from then on is counted. */
  async join(asked: Join): Promise<void> {
    allEnded = Promise.withResolvers();
    ended = 0;
    for (let from = 0; from < asked.viewers; from += atOnce) {
      const count = Math.min(atOnce, asked.viewers - from);
      await Promise.all(Array.from({ length: count }, (_, i) => view(asked, from + i)));
    }
    messages = bytes = 0;
    told = [];
  },

  /** Resolves when all have been told the end. */
  async heard(): Promise<Heard> {
    await allEnded.promise;
    return { messages, bytes, told };
  },

  leave(): void {
    for (const socket of sockets) socket.destroy();
    sockets = [];
  },
});

/** Resolves when it has subscribed and has been told what is told at once. */
async function view({ url, query, variables, key, greetings = 0 }: Join, index: number): Promise<void> {
  const acknowledged = Promise.withResolvers<void>();
  const greeted = Promise.withResolvers<void>();
  let missing = greetings + 1;
  const socket = new LightSocket({
    url,
    localAddress: `127.0.0.${1 + (index % addresses)}`,
    onMessage: (message) => {
      messages++;
      bytes += message.length;
      if (index === 0) told.push(message.toString());
      if (message.includes(last) && ++ended === sockets.length) allEnded.resolve();
      if (missing < 0) return;
      missing--;
      acknowledged.resolve();
      if (missing === 0) greeted.resolve();
    },
    onEnd: (reason) => {
      const error = new Error(`The server ended a socket: ${reason}`);
      for (const waiting of [acknowledged, greeted, allEnded]) waiting.reject(error);
    },
  });
  sockets.push(socket);
  allEnded.promise.catch(() => {});
  await socket.opened;
  socket.send(JSON.stringify({ type: 'connection_init', payload: key === undefined ? {} : { token: key } }));
  await acknowledged.promise;
  socket.send(JSON.stringify({ id: randomUUID(), type: 'subscribe', payload: { query, variables } }));
  await greeted.promise;
}
