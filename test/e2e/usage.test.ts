import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Script, says, words } from '../backends/scripted-steps.ts';
import { type Scene, startScene } from './scene.ts';

const text = 'Seven words of text are counted here.';
const [cutAt, total] = [3, words(text).length];
const prompt = 'Count with me';
const promptTokens = 3;
/** As many servers do, and all that are not asked for it: no usage. */
const silent: Script = ({ body }) => {
  const last = body?.messages.at(-1);
  const rest = last?.role === 'assistant' ? text.slice(last.content.length) : text;
  return [{ do: 'say', text: rest }, { do: 'finish' }];
};

let scene: Scene;
beforeAll(async () => {
  const model = { servers: 1, queueTimeout: '10s' };
  scene = await startScene({
    reported: model,
    counted: model,
    'reported-after-cut': { servers: 2, continuation: 'prefill' },
    'counted-after-cut': { servers: 2, continuation: 'prefill' },
    'restarted-after-cut': { servers: 2, continuation: 'restart' },
    rescued: { servers: 1, more: [{ kind: 'ngram', name: 'rescue', tokensPerSecond: 0 }], continuation: 'prefill' },
  });
});
afterAll(() => scene[Symbol.asyncDispose]());

async function run(model: string, ...scripts: Script[]) {
  for (const [n, script] of scripts.entries()) scene.backend(model, n).answer(script);
  const reader = await scene.follow(model, { prompt });
  const { status, usage } = await reader.end();
  expect(status).toBe('COMPLETED');
  expect(reader.answer.text).toBe(text);
  expect((await scene.find(reader.id)).usage).toEqual(usage);
  return usage;
}

test('is what the backend reports, also where that is not what was counted', async () => {
  const tokens = { prompt_tokens: 100, completion_tokens: 42 };
  const script: Script = [
    { do: 'say', text },
    { do: 'finish', usage: tokens },
  ];
  expect(await run('reported', script)).toEqual({ promptTokens: 100, completionTokens: 42 });
});

test('is counted where the backend does not report it', async () => {
  expect(await run('counted', silent)).toEqual({ promptTokens: null, completionTokens: total });
});

test('is the sum over the attempts that wrote the answer', async () => {
  const cut = says(text, { cutAfter: cutAt });
  expect(await run('reported-after-cut', cut, says(text))).toEqual({ promptTokens, completionTokens: total });
  expect(await run('counted-after-cut', cut, silent)).toEqual({ promptTokens: null, completionTokens: total });
  expect(await run('restarted-after-cut', cut, says(text))).toEqual({ promptTokens, completionTokens: total });
});

test('the built-in model goes on with what another backend began', async () => {
  scene.backend('rescued').answer([{ do: 'say', text: 'Call me Ishmael.' }, { do: 'cut' }]);
  const reader = await scene.follow('rescued', { prompt, parameters: { maxTokens: 30, seed: 1 } });
  expect(await reader.end()).toMatchObject({ status: 'COMPLETED', usage: { completionTokens: 30 } });
  expect(reader.all('AttemptStarted').at(-1)).toMatchObject({ backend: 'rescue' });
  expect(reader.answer.text.startsWith('Call me Ishmael. ')).toBe(true);
});
