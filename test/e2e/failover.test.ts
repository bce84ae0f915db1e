import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScriptedServer } from '../backends/scripted-server.ts';
import { type Script, type Step, says, words } from '../backends/scripted-steps.ts';
import type { Reader } from './reader.ts';
import { type Scene, startScene } from './scene.ts';

const text =
  'Call me Ishmael. Some years ago 🐋 – never mind how long precisely – having little or no money, I sailed.';
const total = words(text).length;
const cutAt = 7;
const kept = words(text).slice(0, cutAt).join('');

/** What goes wrong before the first token. */
const early: Record<string, readonly Step[]> = {
  'a 500': [{ do: 'reply', status: 500, body: { error: { message: 'out of memory' } } }],
  'a 503 without a body': [{ do: 'reply', status: 503 }],
  'a 429 with Retry-After': [{ do: 'reply', status: 429, headers: { 'retry-after': '30' } }],
  'a 429 without Retry-After': [{ do: 'reply', status: 429 }],
  'a refused key': [{ do: 'reply', status: 401, body: { error: { message: 'Incorrect API key' } } }],
  'an unknown model': [{ do: 'reply', status: 404, body: { error: { message: 'no such model' } } }],
  'a page for browsers': [{ do: 'reply', status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Hi</h1>' }],
  'a redirect': [{ do: 'reply', status: 302, headers: { location: 'http://127.0.0.1:9/' } }],
  'a cut connection': [{ do: 'cut' }],
  'no first token in time': [{ do: 'stall' }],
  'nothing but keep-alive comments': [{ do: 'wait', ms: 5_000, commentEveryMs: 50 }, { do: 'stall' }],
  'an empty stream': [{ do: 'raw', pieces: [': hello\n\n'] }],
  'an error object at once': [{ do: 'raw', pieces: ['data: {"error":{"message":"CUDA error","code":500}}\n\n'] }],
};

/** What goes wrong after some of the answer. */
const late: Record<string, readonly Step[]> = {
  'a cut connection': [{ do: 'cut' }],
  'no next token in time': [{ do: 'stall' }],
  'an end without finish reason and [DONE]': [],
  'an error object': [{ do: 'raw', pieces: ['data: {"error":{"message":"CUDA error","type":"server_error"}}\n\n'] }],
  'half a chunk': [{ do: 'raw', pieces: ['data: {"choices":[{"del\n\n'] }],
  'half a chunk, then the end': [{ do: 'raw', pieces: ['data: {"choices":[{"delta":{"content":" mi'] }],
  'a chunk of another shape': [{ do: 'raw', pieces: ['data: {"choices":7}\n\ndata: [DONE]\n\n'] }],
  'an answer that the server gave up': [{ do: 'finish', reason: 'abort' }],
};

const continuations = ['prefill', 'restart'] as const;
const ids = (kind: string, cases: Record<string, unknown>) => Object.keys(cases).map((_, n) => `${kind}-${n}`);
let scene: Scene;

beforeAll(async () => {
  const models = [
    ...ids('early', early).map((id) => [id, {}]),
    ...continuations.flatMap((continuation) => ids(continuation, late).map((id) => [id, { continuation }])),
    ['refused', { probeInterval: '1h' }],
    ...continuations.map((continuation) => [`all-${continuation}`, { continuation, maxAttempts: 3 }]),
    ['whole', { continuation: 'prefill' }],
    ['twice', { continuation: 'prefill', servers: 3 }],
    ...[400, 413, 422].map((status) => [`status-${status}`, {}]),
    ['late-400', { continuation: 'prefill' }],
    ['strict', { continuation: 'prefill' }],
  ];
  scene = await startScene(Object.fromEntries(models));
});
afterAll(() => scene[Symbol.asyncDispose]());

/** A gate that a test opens, and a script that waits for it before it answers. */
function gated(steps: readonly Step[]) {
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const script: Script = async () => {
    await promise;
    return steps;
  };
  return { open, script };
}

/** Says the text as far as `cutAt`, and goes wrong once the reader has it. */
function breaking(steps: readonly Step[]) {
  const { promise, resolve: open } = Promise.withResolvers<void>();
  const script: Script = [{ do: 'say', text: kept }, { do: 'hold', until: promise }, ...steps];
  return { open, script };
}

const attemptsOf = (reader: Reader) =>
  reader.all('AttemptStarted').map(({ attempt, backend, keptLength }) => ({ attempt, backend, keptLength }));

async function expectWhole(reader: Reader, attempts: number): Promise<void> {
  expect(await reader.end()).toMatchObject({ status: 'COMPLETED', finishReason: 'STOP', error: null });
  expect(reader.answer.text).toBe(text);
  expect(await scene.find(reader.id)).toMatchObject({ status: 'COMPLETED', text, attempts });
}

describe('before the first token', () => {
  test.for(Object.entries(early))('after %s the next backend answers', async ([name, steps]) => {
    const model = `early-${Object.keys(early).indexOf(name)}`;
    const { open, script } = gated(steps);
    scene.backend(model, 0).answer(script);
    scene.backend(model, 1).answer(says(text));
    const reader = await scene.follow(model);
    await reader.until('AttemptStarted');
    open();
    await expectWhole(reader, 2);
    expect(attemptsOf(reader)).toEqual([
      { attempt: 1, backend: 'a', keptLength: 0 },
      { attempt: 2, backend: 'b', keptLength: 0 },
    ]);
    expect((await scene.backend(model, 1).request(0)).body?.messages).toEqual([
      { role: 'user', content: 'Tell me of the whale' },
    ]);
  });

  test('after a refused connection the next backend answers', async () => {
    const [a, b] = [scene.backend('refused', 0), scene.backend('refused', 1)];
    a.answer(says(text));
    b.answer(says(text));
    // Only a request can find out: the next probe is far away.
    await expectWhole(await scene.follow('refused'), 1);
    await b.refuse();
    const reader = await scene.follow('refused');
    await expectWhole(reader, 2);
    expect(attemptsOf(reader).at(-1)).toEqual({ attempt: 2, backend: 'a', keptLength: 0 });
  });
});

describe.for(continuations)('after the first token, with continuation: %s', (continuation) => {
  test.for(Object.entries(late))('after %s the answer is exact', async ([name, steps]) => {
    const model = `${continuation}-${Object.keys(late).indexOf(name)}`;
    const { open, script } = breaking(steps);
    scene.backend(model, 0).answer(script);
    scene.backend(model, 1).answer(says(text));
    const reader = await scene.follow(model, { parameters: { maxTokens: 50 } });
    await reader.untilText(kept.length);
    open();
    await expectWhole(reader, 2);
    const prefill = continuation === 'prefill';
    expect(attemptsOf(reader)).toEqual([
      { attempt: 1, backend: 'a', keptLength: 0 },
      { attempt: 2, backend: 'b', keptLength: prefill ? kept.length : 0 },
    ]);
    const { body } = await scene.backend(model, 1).request(0);
    const question = { role: 'user', content: 'Tell me of the whale' };
    const begun = { role: 'assistant', content: kept };
    expect(body?.messages).toEqual(prefill ? [question, begun] : [question]);
    expect(body?.continue_final_message).toBe(prefill ? true : undefined);
    expect(body?.max_tokens).toBe(prefill ? 50 - cutAt : 50);
    // The kept words were prompt to the second attempt; to the generation they are answer.
    expect((await scene.find(reader.id)).usage).toEqual({ promptTokens: 5, completionTokens: total });
  });

  test('an answer that is cut every time ends as FAILED, its text so far kept', async () => {
    const servers = [scene.backend(`all-${continuation}`, 0), scene.backend(`all-${continuation}`, 1)];
    const cut: Script = ({ body }) => {
      const goesOn = body?.continue_final_message === true;
      return goesOn ? [{ do: 'cut' }] : [{ do: 'say', text: kept }, { do: 'cut' }];
    };
    for (const server of servers) server.answer(cut);
    const reader = await scene.follow(`all-${continuation}`);
    const error = { code: 'MODEL_UNAVAILABLE', retryable: true };
    const ended = { status: 'FAILED', finishReason: 'ERROR', error };
    expect(await reader.end()).toMatchObject(ended);
    expect(reader.answer.text).toBe(kept);
    const usage = { completionTokens: cutAt };
    expect(await scene.find(reader.id)).toMatchObject({ ...ended, text: kept, usage });
  });
});

test('an answer that breaks off twice goes on twice, its token limit counted over all attempts', async () => {
  const servers: ScriptedServer[] = [0, 1, 2].map((n) => scene.backend('twice', n));
  servers[0]?.answer(says(text, { cutAfter: 3 }));
  servers[1]?.answer(says(text, { truncateAfter: 4 }));
  servers[2]?.answer(says(text));
  // The backend that failed is avoided, and the others are taken in turn.
  const reader = await scene.follow('twice', { parameters: { maxTokens: 12 } });
  expect(await reader.end()).toMatchObject({ status: 'COMPLETED', finishReason: 'LENGTH' });
  expect(reader.answer.text).toBe(words(text).slice(0, 12).join(''));
  expect(servers.map(({ requests }) => requests[0]?.body?.max_tokens)).toEqual([12, 9, 5]);
  expect((await scene.find(reader.id)).usage).toEqual({ promptTokens: 5, completionTokens: 12 });
});

test('an answer that broke off after its last word is whole once the next backend says so', async () => {
  scene.backend('whole', 0).answer([{ do: 'say', text }, { do: 'cut' }]);
  scene.backend('whole', 1).answer(says(text));
  await expectWhole(await scene.follow('whole'), 2);
});

describe('what no backend will ever take', () => {
  test.for([400, 413, 422])('a %i ends it at once as the fault of the input', async (status) => {
    const model = `status-${status}`;
    const body = { error: { message: 'This model reads at most 8 tokens.' } };
    for (const n of [0, 1]) scene.backend(model, n).answer([{ do: 'reply', status, body }]);
    const reader = await scene.follow(model);
    const error = { code: 'BAD_USER_INPUT', retryable: false };
    expect(await reader.end()).toMatchObject({ status: 'FAILED', finishReason: 'ERROR', error });
    const found = await scene.find(reader.id);
    expect(found).toMatchObject({ status: 'FAILED', attempts: 1, text: '', error });
    expect(found.error?.message).toMatch(/does not take this: it may be too long/);
    expect(scene.backend(model, 1).requests).toEqual([]);
  });

  test('an error object with a 400 in the middle of an answer ends it, its text kept', async () => {
    const refusal = 'data: {"error":{"message":"flagged","code":400}}\n\n';
    scene.backend('late-400', 0).answer([
      { do: 'say', text: kept },
      { do: 'raw', pieces: [refusal] },
    ]);
    const reader = await scene.follow('late-400');
    const error = { code: 'BAD_USER_INPUT', retryable: false };
    expect(await reader.end()).toMatchObject({ status: 'FAILED', error });
    expect(await scene.find(reader.id)).toMatchObject({ text: kept, attempts: 1 });
  });
});

test('a backend that does not take the continuation of an answer is asked for all of it', async () => {
  scene.backend('strict', 0).answer(says(text, { cutAfter: cutAt }));
  const strict: Script = (request) => {
    const { continue_final_message: goesOn } = request.body ?? {};
    const body = { error: { message: 'Unrecognized request argument supplied: continue_final_message' } };
    return goesOn ? [{ do: 'reply', status: 400, body }] : [{ do: 'say', text }, { do: 'finish' }];
  };
  scene.backend('strict', 1).answer(strict);
  const reader = await scene.follow('strict');
  expect(await reader.end()).toMatchObject({ status: 'COMPLETED' });
  expect(reader.answer.text).toBe(text);
});
