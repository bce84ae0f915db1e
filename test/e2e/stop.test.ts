import { once } from 'node:events';
import { connect } from 'node:net';
import { print } from 'graphql';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { afterEach, beforeEach, expect, test } from 'vitest';
import WebSocket from 'ws';
import {
  FollowGenerationDocument,
  type FollowGenerationSubscription,
  GenerateDocument,
  GenerationDocument,
} from '../../src/client/generated/operations.ts';
import { Answer, ask, astray, follow } from './client.ts';
import { isDistributed } from './ground.ts';
import { failToStart, startServer, type TestServer } from './server.ts';

const maxTokens = 300;

let server: TestServer;
beforeEach(async () => {
  server = await startServer({
    yaml: `
models:
  - { id: moby, backends: [{ kind: ngram, tokensPerSecond: 100 }] }
  - { id: fast, backends: [{ kind: ngram, tokensPerSecond: 0 }] }
`,
  });
});
afterEach(() => server.stop());

async function generate(seed: number, model = 'moby'): Promise<string> {
  const input = { model, prompt: 'Call me', parameters: { maxTokens, seed } };
  return (await ask(server.url, GenerateDocument, { input })).generate.generation.id;
}

async function whole(seed: number): Promise<string> {
  const answer = new Answer();
  for await (const { generation } of follow('ws', server.url, await generate(seed, 'fast'))) answer.take(generation);
  return answer.text;
}

/**
 * A client as an application has it, with the defaults of its library: it knows no cursor and begins anew. The one for
 * WebSocket takes a refused connection for the end unless it is told otherwise, and a slow machine starts slowly.
 */
function stockReader(transport: 'ws' | 'sse', id: string) {
  const answer = new Answer();
  const codes: number[] = [];
  const reading = Promise.withResolvers<void>();
  const client =
    transport === 'ws'
      ? createWsClient({
          url: server.wsUrl,
          webSocketImpl: WebSocket,
          shouldRetry: () => true,
          on: { closed: (event) => codes.push((event as CloseEvent).code) },
        })
      : createSseClient({ url: server.url });
  const ended = new Promise<void>((complete, error) => {
    client.subscribe<FollowGenerationSubscription>(
      { query: print(FollowGenerationDocument), variables: { id } },
      {
        next: ({ data }) => {
          if (data) answer.take(data.generation);
          if (answer.text.length > 300) reading.resolve();
        },
        complete,
        error,
      },
    );
  });
  return { answer, codes, reading: reading.promise, ended };
}

test('streams go on exactly after a stop and a start, and stock clients come back by themselves', async () => {
  const texts = [await whole(1), await whole(2)];
  const ids = [await generate(1), await generate(2)];
  const readers = [stockReader('ws', ids[0] ?? ''), stockReader('sse', ids[1] ?? '')];
  await Promise.all(readers.map(({ reading }) => reading));
  expect(await server.kill('SIGTERM')).toBe(0);
  expect(server.output()).not.toContain('rror');
  await server.restart();
  await Promise.all(readers.map(({ ended }) => ended));
  expect(readers[0]?.codes[0]).toBe(1012);
  for (const [i, { answer }] of readers.entries()) {
    const { generation } = await ask(server.url, GenerationDocument, { id: ids[i] ?? '' });
    expect(generation).toMatchObject({ text: texts[i], status: 'COMPLETED', attempts: 2 });
    expect(generation?.usage).toEqual({ promptTokens: 2, completionTokens: maxTokens });
    expect(answer).toMatchObject({ text: texts[i], ends: 1 });
    expect(astray(answer, texts[i] ?? '')).toEqual([]);
  }
});

test('a stop completes no stream, and waits for no client that does not listen or ask', {
  timeout: 15_000,
}, async () => {
  const id = await generate(1);
  const query = print(FollowGenerationDocument);
  const sse = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query, variables: { id } }),
  });
  const stuck = new WebSocket(server.wsUrl, 'graphql-transport-ws');
  await once(stuck, 'open');
  stuck.pause();
  const { hostname, port } = new URL(server.url);
  const halfway = connect(Number(port), hostname);
  halfway.write('GET /health HTTP/1.1\r\n');
  const closed = Promise.withResolvers<number>();
  const watching = new WebSocket(server.wsUrl, 'graphql-transport-ws').on('close', closed.resolve);
  await once(watching, 'open');

  const begun = Promise.withResolvers<void>();
  const reading = read(sse, (text) => text.includes('event: next') && begun.resolve());
  await begun.promise;
  const exit = server.kill('SIGTERM');
  const stream = await reading;
  expect(stream).not.toContain('event: complete');
  expect(await closed.promise).toBe(1012);
  // With 1 it would have run into its own limit of 10 s.
  expect(await exit).toBe(0);
  stuck.terminate();
});

/** What comes until the stream ends, however it ends; `onText` is told all so far. */
async function read({ body }: Response, onText: (text: string) => unknown): Promise<string> {
  let text = '';
  try {
    for await (const chunk of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      text += chunk;
      onText(text);
    }
  } catch (error) {
    expect(error).toMatchObject({ message: 'terminated' });
  }
  return text;
}

// Any number of processes may work on servers; a folder belongs to one.
test.skipIf(isDistributed)(
  'a second process is refused the folder, and the port, with one line that says what to do',
  async () => {
    const [folder, port, file] = await Promise.all([
      failToStart({ MILLRACE_DATA_DIR: server.dataDir }),
      failToStart({ PORT: new URL(server.url).port }),
      failToStart({ MILLRACE_DATA_DIR: '/dev/null/data' }),
    ]);
    expect(folder.code).toBe(1);
    expect(folder.output).toMatch(
      /^millrace: \S+ is in use by another Millrace \(process \d+\)\. .*MILLRACE_DATA_DIR.*\n$/,
    );
    expect(folder.output).toContain(`(process ${server.pid})`);
    expect(port).toEqual({
      code: 1,
      output: expect.stringMatching(/^millrace: Port \d+ on 127.0.0.1 is in use\. .*\n$/),
    });
    expect(file).toEqual({ code: 1, output: expect.stringMatching(/^millrace: .*\/dev\/null\/data.*\n$/) });
    expect(await generate(1)).toMatch(/^gen_/);
  },
);

test('before the port closes a balancer can see it: all is served for a while, and no new job is begun', async () => {
  await server.stop();
  server = await startServer({
    yaml: 'models: [{ id: fast, backends: [{ kind: ngram, tokensPerSecond: 0 }] }]',
    env: { MILLRACE_DRAIN_DELAY: '3s' },
  });
  const exit = server.kill('SIGTERM');
  const status = async () => (await fetch(new URL('/ready', server.url))).status;
  await expect.poll(status, { interval: 20 }).toBe(503);

  // Over new connections: neither was there before.
  const id = await generate(1, 'fast');
  const { closed, seen } = watch(id);
  expect(await closed).toBe(1012);
  expect(seen).toEqual(['GenerationQueued']);
  expect(await exit).toBe(0);
  await expect(status()).rejects.toThrow();
});

/** The kinds of events that a reader gets until its socket is closed, and the code of that. */
function watch(id: string) {
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  const on = { closed: (event: unknown) => resolve((event as CloseEvent).code) };
  const client = createWsClient({ url: server.wsUrl, webSocketImpl: WebSocket, retryAttempts: 0, on });
  const seen: string[] = [];
  client.subscribe<FollowGenerationSubscription>(
    { query: print(FollowGenerationDocument), variables: { id } },
    { next: ({ data }) => seen.push(data?.generation.__typename ?? ''), complete() {}, error() {} },
  );
  return { closed, seen };
}
