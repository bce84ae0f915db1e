import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { print } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import {
  FollowGenerationDocument,
  type FollowGenerationSubscription,
  GenerateDocument,
  GenerationDocument,
} from '../../src/client/generated/operations.ts';
import { mostText } from '../../src/domain/merge.ts';
import { Answer, ask, follow } from './client.ts';
import { memoryOf, visibleHeap } from './heap.ts';
import { startServer, type TestServer } from './server.ts';

const seconds = 20;
const tokensPerSecond = 150_000;
const each = 4;
/** A message that nobody was late for has less. */
const mergedLength = mostText / 2;
/** MB that are no garbage. */
const mostMemory = 16;

/** A reader that takes the first event, then reads nothing from its socket until `resume` is called. */
interface SlowReader {
  readonly answer: Answer;
  resume(): void;
  readonly ended: Promise<void>;
}

const payload = (id: string) => ({ query: print(FollowGenerationDocument), variables: { id } });

async function slowWs({ wsUrl }: TestServer, id: string): Promise<SlowReader> {
  const answer = new Answer();
  const socket = new WebSocket(wsUrl, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await once(socket, 'message');
  const ended = Promise.withResolvers<void>();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { type: string; payload: { data: FollowGenerationSubscription } };
    if (message.type === 'next') answer.take(message.payload.data.generation);
    if (message.type === 'complete') ended.resolve();
    if (message.type === 'complete') socket.close();
  });
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: payload(id) }));
  await once(socket, 'message');
  socket.pause();
  return { answer, resume: () => socket.resume(), ended: ended.promise };
}

async function slowSse({ url }: TestServer, id: string): Promise<SlowReader> {
  const answer = new Answer();
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
  const asked = request(url, { method: 'POST', headers, agent: false });
  asked.end(JSON.stringify(payload(id)));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const pieces: string[] = [];
  response.setEncoding('utf8').on('data', (text: string) => {
    pieces.push(text);
    if (!text.endsWith('\n\n')) return;
    const events = pieces.splice(0).join('').split('\n\n');
    for (const event of events) {
      const [, data] = /^data: ({.*})$/m.exec(event) ?? [];
      if (data) answer.take((JSON.parse(data) as { data: FollowGenerationSubscription }).data.generation);
    }
  });
  await once(response, 'data');
  response.pause();
  return { answer, resume: () => response.resume(), ended: once(response, 'end').then(() => {}) };
}

const yaml = `
limits: { maxTokens: 10000000 }
models:
  - { id: moby, backends: [{ kind: ngram, tokensPerSecond: ${tokensPerSecond} }] }
`;

let servers: TestServer[];
beforeAll(async () => {
  servers = await Promise.all([visibleHeap, visibleHeap].map((env) => startServer({ yaml, env })));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

/** A fast stream with one reader that keeps up, and with slow ones; gives what the server holds more than before, in MB. */
async function stream(server: TestServer, slow: readonly (typeof slowWs)[]) {
  const input = { prompt: 'Call me', parameters: { maxTokens: seconds * tokensPerSecond, seed: 1 } };
  const { used } = await memoryOf(server);
  const { id } = (await ask(server.url, GenerateDocument, { input })).generate.generation;
  const readers = await Promise.all(slow.map((open) => open(server, id)));
  const answer = new Answer();
  for await (const { generation } of follow('ws', server.url, id)) answer.take(generation);
  return { id, readers, answer, used, held: (await memoryOf(server)).used - used };
}

test(`readers that stop reading for ${seconds} s cost the server no memory, nor do they when they go on, and get the rest in few messages`, async () => {
  const [server, other] = servers as [TestServer, TestServer];
  const [{ id, readers, answer, used, held }, alone] = await Promise.all([
    stream(server, [...Array(each).fill(slowWs), ...Array(each).fill(slowSse)]),
    stream(other, []),
  ]);
  for (const { resume } of readers) resume();
  await Promise.all(readers.map(({ ended }) => ended));
  const left = (await memoryOf(server)).used - used;
  const { generation } = await ask(server.url, GenerationDocument, { id });
  const text = generation?.text ?? '';
  expect(answer.text === text && alone.answer.text === text).toBe(true);
  // What was on its way in the system's own buffers when it stopped reading had been sent before.
  const rests = readers.map(({ answer: { pieces } }) => {
    const sent = pieces.findIndex((piece) => piece.text.length > mergedLength);
    return sent < 0 ? Number.POSITIVE_INFINITY : pieces.length - sent + 1;
  });
  const megabytes = (value: number) => `${value.toFixed(0)} MB`;
  console.log(
    `${megabytes(text.length / 2 ** 20)} of text, ${readers.length} slow readers: the server holds ${megabytes(held)} more, ` +
      `without them ${megabytes(alone.held)}, when they have read the rest ${megabytes(left)}; that came in ` +
      `${Math.min(...rests)} to ${Math.max(...rests)} messages`,
  );
  expect(readers.filter((reader) => reader.answer.text !== text)).toHaveLength(0);
  expect(readers.map((reader) => reader.answer.ends)).toEqual(readers.map(() => 1));
  const longest = readers.flatMap(({ answer: { pieces } }) => pieces.map((piece) => piece.text.length));
  expect(Math.max(...longest)).toBeLessThan(2 * mostText);
  expect(Math.max(...rests)).toBeLessThanOrEqual(text.length / mostText + 2);
  expect(held - alone.held).toBeLessThanOrEqual(mostMemory);
  expect(left).toBeLessThanOrEqual(mostMemory);
}, 240_000);
