import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloClient, type ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import { createYoga } from 'graphql-yoga';
import { Client, fetchExchange, subscriptionExchange } from 'urql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import {
  FollowGenerationDocument,
  type FollowGenerationSubscription,
  GenerateDocument,
} from '../../src/client/generated/operations.ts';
import type { AnswerStream } from '../../src/graphql/graphql.ts';
import { httpStreams } from '../../src/graphql/http-streams.ts';
import { schema } from '../../src/graphql/schema.ts';
import { Answer } from '../e2e/client.ts';
import { startApp, type TestApp } from '../graphql/app.ts';
import { generate } from '../graphql/verbs.ts';

let app: TestApp;
let url = '';
beforeAll(async () => {
  app = await startApp({ yaml: 'models: [{ id: ngram, backends: [{ kind: ngram, tokensPerSecond: 100 }] }]' });
  url = `${await app.listen()}/graphql`;
});
afterAll(() => app[Symbol.asyncDispose]());

const input = { prompt: 'Call me', parameters: { maxTokens: 80, seed: 1 } };
const wsClient = () => createClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket });
const stored = async (id: string) => {
  const query = 'query ($id: ID!) { generation(id: $id) { text cursor } }';
  return (await app.get<{ generation: { text: string; cursor: string } }>(query, { id })).generation;
};

interface Observer {
  next(result: { data?: FollowGenerationSubscription | null | undefined; error?: unknown }): void;
  error(error: unknown): void;
  complete(): void;
}

/** What a client keeps of the events of a stream, once that is complete. */
function kept(follow: (observer: Observer) => void): Promise<Answer> {
  const answer = new Answer();
  return new Promise((resolve, reject) => {
    follow({
      next({ data, error }) {
        if (error) reject(error);
        else if (data) answer.take(data.generation);
      },
      error: reject,
      complete: () => resolve(answer),
    });
  });
}

async function expectWhole(answer: Answer, id: string): Promise<void> {
  const { text, cursor } = await stored(id);
  expect(answer).toMatchObject({ text, cursor, ends: 1, status: 'COMPLETED' });
  expect(answer.cursors.length).toBeGreaterThan(4);
}

describe('Apollo Client', () => {
  const links: Record<string, () => ApolloLink> = {
    'graphql-ws': () => new GraphQLWsLink(wsClient()),
    'multipart over HTTP': () => new HttpLink({ uri: url }),
  };

  test.each(Object.entries(links))('follows a generation by %s', async (_name, link) => {
    const client = new ApolloClient({ link: link(), cache: new InMemoryCache() });
    const { data } = await client.mutate({ mutation: GenerateDocument, variables: { input } });
    const id = data?.generate.generation.id ?? '';
    const variables = { id, after: null };
    const options = { query: FollowGenerationDocument, variables, fetchPolicy: 'no-cache' } as const;
    await expectWhole(await kept((observer) => client.subscribe(options).subscribe(observer)), id);
    client.stop();
  });

  test('is told over multipart what is wrong with a subscription', async () => {
    const client = new ApolloClient({ link: new HttpLink({ uri: url }), cache: new InMemoryCache() });
    const variables = { id: 'gen_x', after: null };
    const following = kept((observer) =>
      client.subscribe({ query: FollowGenerationDocument, variables }).subscribe(observer),
    );
    await expect(following).rejects.toThrow('The generation gen_x was not found.');
    const wrong = gql('subscription { nothing }');
    await expect(kept((observer) => client.subscribe({ query: wrong }).subscribe(observer as never))).rejects.toThrow();
    client.stop();
  });
});

test('urql follows a generation by graphql-ws', async () => {
  const ws = wsClient();
  const client = new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables }) => ({
          subscribe: (sink) => ({ unsubscribe: ws.subscribe({ query, variables: variables ?? {} }, sink) }),
        }),
      }),
    ],
  });
  const { data } = await client.mutation(GenerateDocument, { input }).toPromise();
  const id = data?.generate.generation.id ?? '';
  const answer = new Answer();
  await new Promise<void>((resolve, reject) => {
    const source = client.subscription(FollowGenerationDocument, { id, after: null });
    source.subscribe(({ data: event, error, hasNext }) => {
      if (error) return reject(error);
      // Where the stream has completed urql gives its last event again.
      if (!hasNext) return resolve();
      if (event) answer.take(event.generation);
    });
  });
  await expectWhole(answer, id);
  await ws.dispose();
});

describe('a multipart answer', () => {
  const accept = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json';
  const query = `subscription ($id: ID!) { generation(id: $id) { __typename } }`;

  test('is one part an event, each readable as soon as it is there, and ends by itself', async () => {
    const id = await generate(app, 'Call me', { parameters: { maxTokens: 1 } });
    const headers = { accept, 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables: { id } });
    const response = await fetch(url, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";subscriptionSpec="1.0"');
    const text = await response.text();
    const parts = text.split('\r\n--graphql');
    expect([parts[0], parts.at(-1)]).toEqual(['', '--\r\n']);
    const payloads = parts.slice(1, -1).map((part) => JSON.parse(part.split('\r\n\r\n')[1] ?? ''));
    const names = payloads.map(({ payload }) => payload.data.generation.__typename);
    expect([names[0], names.at(-1)]).toEqual(['GenerationQueued', 'GenerationEnded']);
  });

  test('says {} while nothing happens, and lets go of its source when the client leaves', async () => {
    const left = Promise.withResolvers<void>();
    const iterator: AsyncIterator<never> = {
      next: () => new Promise(() => {}),
      async return() {
        left.resolve();
        return { done: true, value: undefined };
      },
    };
    const answers = { [Symbol.asyncIterator]: () => iterator } as AnswerStream;
    const silent = {
      onParams: ({ setResult }: { setResult(result: AsyncIterable<object>): void }) => setResult(answers),
    };
    const yoga = createYoga({ schema, logging: false, plugins: [silent, httpStreams({ keepAliveMs: 1 })] });
    const headers = { accept, 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables: { id: 'gen_x' } });
    const server = createServer((request, response) => void yoga(request, response, { answers } as never));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const leaving = new AbortController();
    const { signal } = leaving;
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers, body, signal });
    const reader = response.body?.getReader();
    let text = '';
    while (!text.includes('{}')) text += new TextDecoder().decode((await reader?.read())?.value);
    expect(text).toMatch(/^\r\n--graphql(\r\ncontent-type: application\/json\r\n\r\n{}\r\n--graphql)+$/);
    leaving.abort();
    await left.promise;
    server.close();
  });
});
