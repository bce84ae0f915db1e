import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  CreateConversationDocument,
  GenerateDocument,
  type GenerateMutationVariables,
  SendMessageDocument,
} from '../../src/client/generated/operations.ts';
import { says } from '../backends/scripted-steps.ts';
import { ask } from './client.ts';
import { Reader } from './reader.ts';
import { type Scene, startScene } from './scene.ts';

type Input = GenerateMutationVariables['input'];
const base = { prompt: 'Tell me', model: 'one', parameters: { maxTokens: 20, seed: 7 } } satisfies Input;

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ one: { servers: 1 }, two: { servers: 1 } });
  for (const model of ['one', 'two']) scene.backend(model).answer(says('There is one of these.'));
});
afterAll(() => scene[Symbol.asyncDispose]());

const submit = async (input: Input) => (await ask(scene.url, GenerateDocument, { input })).generate.generation.id;
const end = (id: string) => new Reader(scene.url, id).end();

test('the same key with the same input gives the same generation, before and after its end', async () => {
  const requests = scene.backend('one').requests.length;
  const id = await submit({ ...base, idempotencyKey: 'same' });
  // The order of the keys says nothing.
  expect(await submit({ idempotencyKey: 'same', ...base, parameters: { seed: 7, maxTokens: 20 } })).toBe(id);
  await end(id);
  expect(await submit({ ...base, idempotencyKey: 'same' })).toBe(id);
  expect(scene.backend('one').requests).toHaveLength(requests + 1);
});

test('thirty uses of a key at once give one generation, which runs once', async () => {
  const requests = scene.backend('one').requests.length;
  const uses = Array.from({ length: 30 }, () => submit({ ...base, idempotencyKey: 'at once' }));
  const ids = new Set(await Promise.all(uses));
  expect(ids.size).toBe(1);
  for (const id of ids) await end(id);
  expect(scene.backend('one').requests).toHaveLength(requests + 1);
});

test.for<[string, Partial<Input>]>([
  ['prompt', { prompt: 'Tell me more' }],
  ['model', { model: 'two' }],
  ['parameter', { parameters: { maxTokens: 20, seed: 8 } }],
  ['policy', { onDisconnect: 'CANCEL' }],
  ['form of the prompt', { prompt: null, messages: [{ role: 'SYSTEM', text: 'Tell me' }] }],
])('the same key with another %s is a CONFLICT', async ([what, change]) => {
  const idempotencyKey = `other ${what}`;
  await submit({ ...base, idempotencyKey });
  await expect(submit({ ...base, ...change, idempotencyKey })).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('what is left out, null and the default are the same input', async () => {
  const idempotencyKey = 'left out';
  const id = await submit({ prompt: 'Tell me', idempotencyKey });
  const spelled = { messages: null, parameters: null, onDisconnect: 'CONTINUE', model: null } as const;
  expect(await submit({ prompt: 'Tell me', ...spelled, idempotencyKey })).toBe(id);
  expect(await submit({ prompt: 'Tell me', parameters: { seed: null }, idempotencyKey })).toBe(id);
});

test('without a key every request is one of its own', async () => {
  expect(await submit(base)).not.toBe(await submit(base));
});

test('a message that is sent twice with one key is one message, with one reply', async () => {
  const { conversation } = (await ask(scene.url, CreateConversationDocument, { title: null })).createConversation;
  const input = { conversationId: conversation.id, text: 'Once only', idempotencyKey: 'message' };
  const send = async () => (await ask(scene.url, SendMessageDocument, { input })).sendMessage;
  const [first, second] = await Promise.all([send(), send()]);
  expect(second).toMatchObject({ message: first.message, generation: { id: first.generation.id } });
  await end(first.generation.id);
  expect(await send()).toMatchObject({ message: first.message, generation: { id: first.generation.id } });
  const other = { ...input, text: 'Something else' };
  await expect(ask(scene.url, SendMessageDocument, { input: other })).rejects.toMatchObject({ code: 'CONFLICT' });
});

test.for(['', 'x'.repeat(201)])(
  'a key without or with too many characters is BAD_USER_INPUT',
  async (idempotencyKey) => {
    await expect(submit({ ...base, idempotencyKey })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  },
);
