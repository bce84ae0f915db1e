import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import WebSocket from 'ws';
import { FollowGenerationDocument, type FollowGenerationSubscription } from '../../src/client/generated/operations.ts';

export type GenerationEvent = FollowGenerationSubscription['generation'];

/** Asks over HTTP, as any client would. @throws Error with the first error of the answer */
export async function ask<Data, Variables>(
  url: string,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await response.json()) as {
    data?: Data;
    errors?: { message: string; extensions: object }[];
  };
  if (errors?.[0]) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
  return data as Data;
}

export type Transport = 'ws' | 'sse';

export type Subscribed<Data> = AsyncGenerator<Data> & {
  /** Leaves as a client does. */
  close(): void;
  /** Ends the socket without a word, as a lost network does. */
  destroy(): void;
};

/** The events of one subscription, over a connection of its own, by graphql-ws or graphql-sse as they come from npm. */
export function subscribe<Data, Variables extends Record<string, unknown>>(
  transport: Transport,
  url: string,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Subscribed<Data> {
  const request = { query: print(document), variables };
  let socket: WebSocket | undefined;
  class OwnSocket extends WebSocket {
    constructor(...parameters: ConstructorParameters<typeof WebSocket>) {
      super(...parameters);
      socket = this;
    }
  }
  const client =
    transport === 'ws'
      ? createWsClient({ url: url.replace('http', 'ws'), webSocketImpl: OwnSocket, retryAttempts: 0 })
      : createSseClient({ url, retryAttempts: 0 });
  const results = client.iterate<Data>(request);
  async function* data() {
    for await (const result of results) {
      const { errors } = result;
      if (errors?.[0]) throw Object.assign(new Error(errors[0].message), errors[0].extensions);
      if (result.data) yield result.data as Data;
    }
  }
  const close = () => {
    void results.return?.();
    void client.dispose();
  };
  const destroy = () => {
    if (transport === 'sse') close();
    else if (socket) socket.terminate();
    // graphql-ws makes its socket a moment after it was asked.
    else setImmediate(() => socket?.terminate());
  };
  return Object.assign(data(), { close, destroy });
}

/** The events of a generation, from a cursor on. */
export function follow(transport: Transport, url: string, id: string, after?: string) {
  return subscribe(transport, url, FollowGenerationDocument, { id, after: after ?? null });
}

/** What a client keeps of a generation: the two lines of the stream contract, and the cursor to resume by. */
export class Answer {
  text = '';
  /** All that came, in their order. */
  readonly cursors: string[] = [];
  ends = 0;
  attempts = 0;
  status: string | undefined;
  /** Every text as it was sent, with its place. */
  readonly pieces: { readonly position: number; readonly text: string }[] = [];

  /** The last one: what a client resumes by. */
  get cursor(): string | undefined {
    return this.cursors.at(-1);
  }

  take(event: GenerationEvent): void {
    this.cursors.push(event.cursor);
    if (event.__typename === 'AttemptStarted') {
      this.attempts++;
      this.text = this.text.slice(0, event.keptLength);
    }
    if (event.__typename === 'TextAppended') {
      this.pieces.push({ position: event.position, text: event.text });
      this.text = this.text.slice(0, event.position) + event.text;
    }
    if (event.__typename === 'GenerationEnded') {
      this.ends++;
      this.status = event.status;
    }
  }
}

/** What it was sent that is no part of `text`: nothing, where the text never had to be taken back. */
export const astray = ({ pieces }: Answer, text: string) =>
  pieces.filter((piece) => !text.startsWith(piece.text, piece.position));
