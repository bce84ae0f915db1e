import { afterAll, beforeAll, expect, test } from 'vitest';
import { GenerateDocument, MyGenerationsDocument } from '../../src/client/generated/operations.ts';
import { says, words } from '../backends/scripted-steps.ts';
import { ask, subscribe } from './client.ts';
import { Collector, Reader } from './reader.ts';
import { type Scene, startScene } from './scene.ts';

const text = 'It was begun by one process 🐋, and it is ended by another one. '.repeat(6);
const total = words(text).length;
const seen = words(text).slice(0, 5).join('').length;
const streams = says(text, { tokensPerSecond: 100 });

let scene: Scene;
beforeAll(async () => {
  const model = { servers: 1, concurrency: 1 };
  scene = await startScene({
    prefill: { ...model, continuation: 'prefill' },
    restart: { ...model, continuation: 'restart' },
    attended: { ...model, continuation: 'prefill' },
    line: { ...model, continuation: 'prefill' },
    keys: { ...model, continuation: 'prefill' },
  });
});
afterAll(() => scene[Symbol.asyncDispose]());

/** Resolves once a generation is complete, without following it. */
async function completed(id: string) {
  const mine = new Collector(subscribe('ws', scene.url, MyGenerationsDocument, {}));
  const found = scene.find(id);
  if ((await found).status !== 'COMPLETED') {
    await mine.until(({ myGenerations: each }) => each.id === id && each.status === 'COMPLETED');
  }
  mine.close();
  return scene.find(id);
}

test.for([
  ['SIGKILL', 'prefill'],
  ['SIGKILL', 'restart'],
  ['SIGTERM', 'prefill'],
  ['SIGTERM', 'restart'],
] as const)('after %s in the middle of an answer it is exact, with continuation: %s', async ([signal, model]) => {
  const backend = scene.backend(model);
  const before = backend.requests.length;
  backend.answer(streams);
  const reader = await scene.follow(model, { parameters: { maxTokens: 200 } });
  await reader.untilText(seen);
  await scene.server.kill(signal);
  await expect(reader.end()).rejects.toThrow();
  const { text: had, cursor = '' } = reader.answer;
  expect(text.startsWith(had)).toBe(true);
  await scene.server.restart();
  const again = new Reader(scene.url, reader.id, { after: cursor });
  again.answer.text = had;
  expect(await again.end()).toMatchObject({ status: 'COMPLETED', finishReason: 'STOP' });
  expect(again.answer.text).toBe(text);
  const usage = { promptTokens: 5, completionTokens: total };
  expect(await scene.find(reader.id)).toMatchObject({ text, attempts: 2, usage });
  const [, second] = backend.requests.slice(before);
  const kept = model === 'prefill' ? (second?.body?.messages.at(-1)?.content ?? '') : '';
  expect(kept.startsWith(model === 'prefill' ? had : '')).toBe(true);
  expect(second?.body?.max_tokens).toBe(200 - words(kept).length);
});

test('a stop of the server is no leaving of followers: what is cancelled on disconnect goes on after it', async () => {
  scene.backend('attended').answer(streams);
  const reader = await scene.follow('attended', { onDisconnect: 'CANCEL' });
  await reader.untilText(seen);
  await scene.server.kill('SIGTERM');
  // Nothing was left to do that came too late.
  expect(scene.server.output()).not.toContain('"level":50');
  await scene.server.restart();
  expect(await completed(reader.id)).toMatchObject({ text, attempts: 2 });
});

test('those in line are in line after a restart, in the same order', async () => {
  const backend = scene.backend('line');
  backend.answer([{ do: 'say', text: 'A beginning' }, { do: 'stall' }]);
  const first = await scene.follow('line');
  await first.until('TextAppended');
  const ids = [await scene.generate('line'), await scene.generate('line')];
  await scene.server.kill();
  await scene.server.restart();
  for (const [n, id] of ids.entries()) expect(await scene.find(id)).toMatchObject({ queuePosition: n + 1 });
  backend.answer(says('A beginning, and an end.'));
  const order: string[] = [];
  const ends = [first.id, ...ids].map(async (id) => {
    await new Reader(scene.url, id).end();
    order.push(id);
  });
  await Promise.all(ends);
  expect(order).toEqual([first.id, ...ids]);
});

test('an idempotency key is good across a restart', async () => {
  scene.backend('keys').answer(streams);
  const input = { prompt: 'Once', model: 'keys', idempotencyKey: 'across' };
  const submit = async () => (await ask(scene.url, GenerateDocument, { input })).generate.generation.id;
  const id = await submit();
  await scene.server.kill();
  await scene.server.restart();
  expect(await submit()).toBe(id);
  await completed(id);
  expect(await submit()).toBe(id);
});
