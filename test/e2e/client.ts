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

/** The events of one subscription, over a connection of its own, by graphql-ws or graphql-sse as they come from npm. */
export function subscribe<Data, Variables extends Record<string, unknown>>(
  transport: Transport,
  url: string,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): AsyncGenerator<Data> & { close(): void } {
  const request = { query: print(document), variables };
  const client =
    transport === 'ws'
      ? createWsClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 })
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
  return Object.assign(data(), { close });
}

/** The events of a generation, from a cursor on. */
export function follow(transport: Transport, url: string, id: string, after?: string) {
  return subscribe(transport, url, FollowGenerationDocument, { id, after: after ?? null });
}

/** What a client keeps of a generation: the two lines of the stream contract, and the cursor to resume by. */
export class Answer {
  text = '';
  cursor: string | undefined;
  events = 0;
  ends = 0;
  attempts = 0;
  status: string | undefined;

  take(event: GenerationEvent): void {
    this.events++;
    this.cursor = event.cursor;
    if (event.__typename === 'AttemptStarted') {
      this.attempts++;
      this.text = this.text.slice(0, event.keptLength);
    }
    if (event.__typename === 'TextAppended') this.text = this.text.slice(0, event.position) + event.text;
    if (event.__typename === 'GenerationEnded') {
      this.ends++;
      this.status = event.status;
    }
  }
}
