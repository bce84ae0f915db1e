import { afterAll, beforeAll, expect, test } from 'vitest';
import { FollowModelDocument } from '../../src/client/generated/operations.ts';
import { type Script, type Step, says, words } from '../backends/scripted-steps.ts';
import { below, seeded } from '../random.ts';
import { subscribe } from './client.ts';
import { Collector, Reader } from './reader.ts';
import { type Scene, startScene } from './scene.ts';

const text = 'Whatever goes wrong 🐋, and it goes wrong everywhere, all of this is there once. '.repeat(6);
const [generations, seed] = [60, 20_261_122];

let scene: Scene;
beforeAll(async () => {
  const timeouts = { connect: '5s', firstToken: '5s', betweenTokens: '5s' };
  const model = { servers: 3, concurrency: 5, timeouts, maxAttempts: 1_000, queueTimeout: '60s' };
  scene = await startScene({
    prefill: { ...model, continuation: 'prefill' },
    restart: { ...model, continuation: 'restart' },
  });
});
afterAll(() => scene[Symbol.asyncDispose]());

const wrong: readonly (readonly Step[])[] = [
  [{ do: 'cut' }],
  [],
  [{ do: 'raw', pieces: ['data: {"choices":[{"del\n\n'] }],
  [{ do: 'raw', pieces: ['data: {"error":{"message":"overloaded","code":503}}\n\n'] }],
  [{ do: 'finish', reason: 'error' }],
];

/** Says it all, or, about one time in three, goes wrong somewhere; never twice in a row, or it would be left out. */
function flaky(random: () => number, counter: { wrong: number }): Script {
  const well = says(text);
  let lastWasWrong = false;
  return async (request) => {
    lastWasWrong = !lastWasWrong && random() < 0.6;
    if (!lastWasWrong) return typeof well === 'function' ? well(request) : well;
    counter.wrong++;
    const { body } = request;
    const rest = body?.continue_final_message ? text.slice(body.messages.at(-1)?.content.length) : text;
    const said = words(rest)
      .slice(0, below(random, words(rest).length))
      .join('');
    return [{ do: 'say', text: said }, ...(wrong[below(random, wrong.length)] ?? [])];
  };
}

test.for(['prefill', 'restart'])(
  'sixty answers from three flaky backends are exact, with continuation: %s',
  async (model) => {
    const [random, counter] = [seeded(seed), { wrong: 0 }];
    for (const n of [0, 1, 2]) scene.backend(model, n).answer(flaky(random, counter));
    const readers = await Promise.all(
      Array.from({ length: generations }, async (_, n) => {
        const id = await scene.generate(model);
        return new Reader(scene.url, id, { transport: n % 2 === 0 ? 'ws' : 'sse' });
      }),
    );
    const usage = { promptTokens: 5, completionTokens: words(text).length };
    for (const reader of readers) {
      expect(await reader.end()).toMatchObject({ status: 'COMPLETED', finishReason: 'STOP', usage });
      expect(reader.answer.text).toBe(text);
      expect((await scene.find(reader.id)).text).toBe(text);
    }
    expect(counter.wrong).toBeGreaterThan(generations / 4);
    console.log(
      `continuation: ${model}, seed ${seed}: ${counter.wrong} requests went wrong, all ${generations} answers are exact`,
    );
    const state = new Collector(subscribe('ws', scene.url, FollowModelDocument, { id: model }));
    await state.until((data) => data.model.running === 0 && data.model.queued === 0);
    state.close();
  },
);
