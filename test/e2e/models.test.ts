import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FollowModelDocument } from '../../src/client/generated/operations.ts';
import { type Script, says } from '../backends/scripted-steps.ts';
import { ask, subscribe } from './client.ts';
import { Collector } from './reader.ts';
import { type Scene, startScene } from './scene.ts';

const text = 'It came back in time.';
const fails: Script = [{ do: 'reply', status: 500, body: { error: { message: 'CUDA error' } } }];
const unavailable = { status: 'FAILED', error: { code: 'MODEL_UNAVAILABLE', retryable: true } };

let scene: Scene;
beforeAll(async () => {
  // Probed as often as by default: what is measured here is what people get.
  scene = await startScene({
    status: {},
    frozen: { servers: 1 },
    down: { queueTimeout: '1s' },
    back: { servers: 1, queueTimeout: '30s' },
    breaker: {},
    sick: { servers: 1, maxAttempts: 2 },
    rest: { servers: 1, queueTimeout: '300ms' },
    lost: { servers: 1, queueTimeout: '300ms', continuation: 'prefill' },
  });
});
afterAll(() => scene[Symbol.asyncDispose]());

/** The states of a model, as they come. */
class ModelReader {
  readonly #states: Collector<{ readonly model: { readonly status: string } }>;

  constructor(id: string) {
    this.#states = new Collector(subscribe('ws', scene.url, FollowModelDocument, { id }));
  }

  /** Resolves when the newest state has this status. */
  async reaches(status: string): Promise<void> {
    await this.#states.until(({ model }) => model.status === status, Math.max(0, this.#states.items.length - 1));
  }

  /** Does something, and tells how long it took until the status was this, in ms. */
  async delay(status: string, act: () => Promise<unknown>): Promise<number> {
    const from = performance.now();
    await act();
    await this.reaches(status);
    return Math.round(performance.now() - from);
  }

  close(): void {
    this.#states.close();
  }
}

async function backendsOf(id: string) {
  const document = parse('query ($id: ID!) { model(id: $id) { backends { name status lastError } } }');
  type Backends = { name: string; status: string; lastError: string | null }[];
  return ((await ask(scene.url, document as never, { id })) as { model: { backends: Backends } }).model.backends;
}

describe('the status of a model', () => {
  test('tells live how many of its backends are up', async () => {
    const [a, b] = [scene.backend('status', 0), scene.backend('status', 1)];
    const model = new ModelReader('status');
    await model.reaches('ONLINE');
    const delays = {
      'one refuses': await model.delay('DEGRADED', () => a.refuse()),
      'both refuse': await model.delay('OFFLINE', () => b.refuse()),
      'one is back': await model.delay('DEGRADED', () => a.listen()),
      'both are back': await model.delay('ONLINE', () => b.listen()),
      'one answers 500': await model.delay('DEGRADED', async () => {
        a.modelsReply = { do: 'reply', status: 500 };
      }),
      'it is well again': await model.delay('ONLINE', async () => {
        a.modelsReply = undefined;
      }),
    };
    console.log('status of a model: seen after', delays, 'ms');
    model.close();
  });

  test('is OFFLINE when its only backend takes connections and answers nothing', async () => {
    const model = new ModelReader('frozen');
    await model.reaches('ONLINE');
    const delay = await model.delay('OFFLINE', async () => {
      scene.backend('frozen').modelsReply = () => new Promise<never>(() => {});
    });
    console.log(`status of a model whose backend is frozen: seen after ${delay} ms`);
    model.close();
  });
});

describe('while all backends are down', () => {
  test('a generation waits in line for the time it is given, then fails as one that may be tried again', async () => {
    const model = new ModelReader('down');
    for (const n of [0, 1]) await scene.backend('down', n).refuse();
    await model.reaches('OFFLINE');
    const [first, second] = [await scene.follow('down'), await scene.follow('down')];
    expect(await scene.find(second.id)).toMatchObject({ status: 'QUEUED', queuePosition: 2, attempts: 0 });
    for (const reader of [first, second]) {
      expect(await reader.end()).toMatchObject({ ...unavailable, finishReason: 'ERROR' });
      expect(reader.events.map(({ __typename }) => __typename)).toEqual(['GenerationQueued', 'GenerationEnded']);
      expect(await scene.find(reader.id)).toMatchObject({ ...unavailable, text: '', attempts: 0 });
    }
    model.close();
  });

  test('one that comes back in time serves what waits, in its order', async () => {
    const backend = scene.backend('back');
    const model = new ModelReader('back');
    await backend.refuse();
    await model.reaches('OFFLINE');
    const readers = [await scene.follow('back'), await scene.follow('back')];
    for (const [n, reader] of readers.entries()) {
      expect((await reader.until('GenerationQueued')).queuePosition).toBe(n + 1);
    }
    backend.answer(says(text));
    await backend.listen();
    for (const reader of readers) {
      expect(await reader.end()).toMatchObject({ status: 'COMPLETED' });
      expect(reader.answer).toMatchObject({ text, attempts: 1 });
    }
    model.close();
  });

  test('an answer that broke off waits too, and fails with its text so far', async () => {
    const backend = scene.backend('lost');
    backend.answer(says(text, { stallAfter: 3 }));
    const reader = await scene.follow('lost');
    await reader.untilText('It came back'.length);
    await backend.refuse();
    expect(await reader.end()).toMatchObject(unavailable);
    expect(await scene.find(reader.id)).toMatchObject({ ...unavailable, text: 'It came back', attempts: 1 });
  });
});

test('a backend that answers its probes and fails its requests is left out after three, and comes back', async () => {
  const [a, b] = [scene.backend('breaker', 0), scene.backend('breaker', 1)];
  a.answer(fails);
  b.answer(says(text));
  const model = new ModelReader('breaker');
  const run = async () => (await scene.follow('breaker')).end();
  while (a.requests.length < 3) expect(await run()).toMatchObject({ status: 'COMPLETED' });
  await model.reaches('DEGRADED');
  for (let n = 0; n < 5; n++) expect(await run()).toMatchObject({ status: 'COMPLETED' });
  expect(a.requests).toHaveLength(3);
  expect(await backendsOf('breaker')).toEqual([
    { name: 'a', status: 'OFFLINE', lastError: expect.stringContaining('CUDA error') },
    { name: 'b', status: 'ONLINE', lastError: null },
  ]);
  a.answer(says(text));
  await model.reaches('ONLINE');
  while (a.requests.length < 4) expect(await run()).toMatchObject({ status: 'COMPLETED' });
  model.close();
});

test('a generation that fails as often as it may ends, although its backend says that it is up', async () => {
  scene.backend('sick').answer(fails);
  const reader = await scene.follow('sick');
  expect(await reader.end()).toMatchObject({ ...unavailable, finishReason: 'ERROR' });
  expect(await scene.find(reader.id)).toMatchObject({ ...unavailable, attempts: 2, text: '' });
});

test('a 429 is waited out, and the request sent again no sooner than the backend asked', async () => {
  const backend = scene.backend('rest');
  backend.answer([{ do: 'reply', status: 429, headers: { 'retry-after': '1' } }], says(text));
  const reader = await scene.follow('rest');
  expect(await reader.end()).toMatchObject({ status: 'COMPLETED' });
  expect(reader.answer.text).toBe(text);
  const [first, second] = backend.requests;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
});
