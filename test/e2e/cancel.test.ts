import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CancelGenerationDocument,
  CreateConversationDocument,
  MyGenerationsDocument,
  SendMessageDocument,
} from '../../src/client/generated/operations.ts';
import { type Script, says, words } from '../backends/scripted-steps.ts';
import { ask, subscribe } from './client.ts';
import { Collector, Reader } from './reader.ts';
import { type Scene, startScene } from './scene.ts';

const text = 'One two three four five six seven eight nine ten. '.repeat(40);
/** Fast enough to be in the middle of it at any moment, and far from its end for as long as a test takes. */
const streams = says(text, { tokensPerSecond: 20 });
const seen = words(text).slice(0, 3).join('').length;

let scene: Scene;
beforeAll(async () => {
  // Only a cancel ends these requests within the time of a test.
  const patient = { timeouts: { connect: '5s', firstToken: '10m', betweenTokens: '10m' }, servers: 1, concurrency: 1 };
  const names = [
    'running',
    'stalled',
    'silent',
    'queued',
    'away',
    'many',
    'ended',
    'retry',
    'conversation',
    'bystander',
  ];
  scene = await startScene(Object.fromEntries(names.map((name) => [name, patient])));
});
afterAll(() => scene[Symbol.asyncDispose]());

const cancel = async (id: string) =>
  (await ask(scene.url, CancelGenerationDocument, { id })).cancelGeneration.generation;

const cancelled = { status: 'CANCELLED', finishReason: 'CANCELLED', error: null };

/** Cancels, and waits until the backend's request is gone; resolves with how long that took, in ms. */
async function cancelAt(model: string, id: string): Promise<number> {
  const { left } = await scene.backend(model).request(0);
  const from = Date.now();
  expect(await cancel(id)).toMatchObject(cancelled);
  return (await left) - from;
}

/** The log from its beginning, as a reader who comes after the end finds it. */
async function readAgain(id: string): Promise<Reader> {
  const reader = new Reader(scene.url, id, { transport: 'sse' });
  await reader.end();
  return reader;
}

describe('a running one', () => {
  test('is cancelled: its request is aborted, its readers are told, nothing comes after its end', async () => {
    scene.backend('running').answer(streams);
    const reader = await scene.follow('running');
    const other = new Reader(scene.url, reader.id, { transport: 'sse' });
    await Promise.all([reader.untilText(seen), other.untilText(seen)]);
    const mine = new Collector(subscribe('ws', scene.url, MyGenerationsDocument, {}));
    await mine.until(({ myGenerations: { id, status } }) => id === reader.id && status === 'RUNNING');
    const delay = await cancelAt('running', reader.id);
    console.log(`cancel of a running one: the upstream request was gone after ${delay} ms`);
    expect(await reader.end()).toMatchObject(cancelled);
    expect(await other.end()).toMatchObject(cancelled);
    await mine.until(({ myGenerations: { id, status } }) => id === reader.id && status === 'CANCELLED');
    mine.close();
    const { text: kept, usage } = await scene.find(reader.id);
    expect(text.startsWith(kept)).toBe(true);
    expect([reader.answer.text, other.answer.text]).toEqual([kept, kept]);
    expect(usage?.completionTokens).toBe(words(kept).length);
    // The backend's place is free again, and what has ended stays as it is.
    await (await scene.follow('running', { parameters: { maxTokens: 12 } })).end();
    const again = await readAgain(reader.id);
    expect(again.answer).toMatchObject({ text: kept, ends: 1, status: 'CANCELLED' });
  });

  test.for([
    ['stalled', 'that has said nothing yet', [{ do: 'raw', pieces: [': wait\n\n'] }, { do: 'stall' }]],
    ['silent', 'that has not even answered', () => new Promise<never>(() => {})],
  ] as [string, string, Script][])('%s: one on a backend %s is cancelled at once', async ([model, , script]) => {
    scene.backend(model).answer(script);
    const reader = await scene.follow(model);
    await reader.until('AttemptStarted');
    const delay = await cancelAt(model, reader.id);
    console.log(`cancel of a ${model} one: the upstream request was gone after ${delay} ms`);
    expect(await reader.end()).toMatchObject({ ...cancelled, usage: { completionTokens: 0 } });
    expect(await scene.find(reader.id)).toMatchObject({ ...cancelled, text: '' });
  });

  test('is cancelled between two attempts', async () => {
    scene.backend('retry').answer([{ do: 'reply', status: 429, headers: { 'retry-after': '60' } }]);
    const reader = await scene.follow('retry');
    await reader.until('AttemptStarted');
    await scene.backend('retry').request(0);
    await cancel(reader.id);
    expect(await reader.end()).toMatchObject(cancelled);
    expect(scene.backend('retry').requests).toHaveLength(1);
  });
});

test('one in line is cancelled before it begins, and those behind it move up', async () => {
  scene.backend('queued').answer(streams);
  const first = await scene.follow('queued');
  await first.until('AttemptStarted');
  await scene.oneRuns('queued');
  const [second, third] = [await scene.follow('queued'), await scene.follow('queued')];
  expect((await third.until('GenerationQueued')).queuePosition).toBe(2);
  const mine = new Collector(subscribe('ws', scene.url, MyGenerationsDocument, {}));
  const isThird = (position: number) => (data: (typeof mine.items)[0]) =>
    data.myGenerations.id === third.id && data.myGenerations.queuePosition === position;
  await mine.until(isThird(2));
  expect(await cancel(second.id)).toMatchObject({ ...cancelled, attempts: 0, queuePosition: null });
  expect(await second.end()).toMatchObject(cancelled);
  expect(second.events.map(({ __typename }) => __typename)).toEqual(['GenerationQueued', 'GenerationEnded']);
  await mine.until(isThird(1));
  mine.close();
  await cancel(first.id);
  await scene.backend('queued').request(1);
  await third.until('AttemptStarted');
  expect(scene.backend('queued').requests).toHaveLength(2);
  await cancel(third.id);
});

test('one that waits for a backend to come up is cancelled', async () => {
  await scene.backend('away').refuse();
  const reader = await scene.follow('away');
  await reader.until('GenerationQueued');
  expect(await cancel(reader.id)).toMatchObject(cancelled);
  expect(await reader.end()).toMatchObject(cancelled);
});

test('twenty cancels at once give one end, and the same answer to all', async () => {
  scene.backend('many').answer(streams);
  const reader = await scene.follow('many');
  await reader.untilText(seen);
  const answers = await Promise.all(Array.from({ length: 20 }, () => cancel(reader.id)));
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(answers[0]).toMatchObject(cancelled);
  await reader.end();
  expect((await readAgain(reader.id)).answer).toMatchObject({ ends: 1, text: reader.answer.text });
});

test('one that has ended is answered as it is', async () => {
  scene.backend('ended').answer(says('All is said.'));
  const reader = await scene.follow('ended');
  await reader.end();
  const before = await scene.find(reader.id);
  expect(await cancel(reader.id)).toMatchObject({ status: 'COMPLETED', finishReason: 'STOP', usage: before.usage });
  expect(await scene.find(reader.id)).toEqual(before);
});

test('one that does not exist is NOT_FOUND', async () => {
  await expect(cancel('gen_00000000000000000000000000')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(cancel('nonsense')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a subscriber that leaves cancels nothing', async () => {
  scene.backend('bystander').answer(says('Nobody looks on. '.repeat(20), { tokensPerSecond: 100 }));
  const reader = await scene.follow('bystander');
  await reader.untilText(1);
  reader.close();
  const later = new Reader(scene.url, reader.id, { after: reader.answer.cursor ?? '' });
  expect(await later.end()).toMatchObject({ status: 'COMPLETED' });
});

test('a cancelled reply leaves its conversation free for the next message', async () => {
  scene.backend('conversation').answer(streams);
  const { conversation } = (await ask(scene.url, CreateConversationDocument, { title: null })).createConversation;
  const send = (model: string) => {
    const input = { conversationId: conversation.id, text: 'And the whale?', model };
    return ask(scene.url, SendMessageDocument, { input });
  };
  const { sendMessage } = await send('conversation');
  const reader = new Reader(scene.url, sendMessage.generation.id);
  await reader.untilText(seen);
  await expect(send('conversation')).rejects.toMatchObject({ code: 'CONFLICT' });
  await cancel(reader.id);
  await reader.end();
  scene.backend('conversation').answer(says('It is white.'));
  const next = new Reader(scene.url, (await send('conversation')).sendMessage.generation.id);
  await next.end();
  expect(next.answer.text).toBe('It is white.');
  const { body } = await scene.backend('conversation').request(1);
  expect(body?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  expect(body?.messages[1]?.content).toBe(reader.answer.text);
});
