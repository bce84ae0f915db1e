/** Viewers of the product, each on a WebSocket of its own, who begin a generation and follow it. */
import { print } from 'graphql';
import { FollowGenerationDocument } from '../../src/client/generated/operations.ts';
import { LightSocket } from './socket.ts';
import { type Asked, Reader, serveStreams } from './tally.ts';

const generate = 'mutation Generate($input: GenerateInput!) { generate(input: $input) { generation { id } } }';
const follow = print(FollowGenerationDocument);
/** So many connect at once: a server's queue of connections holds a few hundred. */
const atOnce = 100;

class Chat {
  readonly acknowledged = Promise.withResolvers<void>();
  readonly #socket: LightSocket;
  #reader: Reader | undefined;

  constructor(port: number) {
    this.#socket = new LightSocket({
      url: `http://127.0.0.1:${port}/graphql`,
      onMessage: (message) => this.#hear(message.toString('latin1')),
      onEnd: (reason) => fail(`The server ended a socket: ${reason}`),
    });
  }

  async open(): Promise<void> {
    await this.#socket.opened;
    this.#socket.send(JSON.stringify({ type: 'connection_init' }));
    await this.acknowledged.promise;
  }

  begin(): void {
    this.#reader = new Reader();
    this.#subscribe('1', generate, { input: { prompt: 'What appalled you?' } });
  }

  #subscribe(id: string, query: string, variables: unknown): void {
    this.#socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }));
  }

  #hear(message: string): void {
    const start = message.indexOf('"text":"') + 8;
    if (start > 8) this.#reader?.take(message, start, message.indexOf('"', start));
    else if (message.includes('"connection_ack"')) this.acknowledged.resolve();
    else if (message.includes('"generate":')) this.#subscribe('2', follow, { id: /gen_\w+/.exec(message)?.[0] });
    else if (/"type":"error"|"errors"|FAILED/.test(message)) fail(message);
  }
}

function fail(why: string): void {
  throw new Error(why);
}

let chats: Chat[] = [];

serveStreams(
  (_asked, index) => chats[index]?.begin(),
  async ({ port, streams }: Asked) => {
    chats = Array.from({ length: streams });
    for (let from = 0; from < streams; from += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, streams - from) }, () => new Chat(port));
      for (const [index, chat] of some.entries()) chats[from + index] = chat;
      await Promise.all(some.map((chat) => chat.open()));
    }
  },
);
