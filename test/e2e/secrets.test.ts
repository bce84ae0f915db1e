import { parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ScriptedRequest } from '../backends/scripted-server.ts';
import type { Script, Step } from '../backends/scripted-steps.ts';
import { ask } from './client.ts';
import { type Scene, startScene } from './scene.ts';

const key = 'sk-millrace-0123456789-abcdefghij';
const prompt = 'My secret is a white whale with a crooked jaw and a scar.';

/** Which is for admins to know. */
const host = 'gpu-7.internal';

/** Backends that tell in their errors all that they were sent, in every way in which they can fail. */
const quoting = ({ headers, body }: ScriptedRequest) => {
  const said = body?.messages[0]?.content;
  const message = `${host}: ${said?.slice(0, 45)}… from ${headers.authorization}: ${JSON.stringify(body)}; whole: ${said}`;
  return { error: { message, code: 400 } };
};
const cases: Record<string, (said: ReturnType<typeof quoting>) => readonly Step[]> = {
  ...Object.fromEntries(
    [400, 401, 403, 404, 429, 500].map((status) => [
      `status-${status}`,
      (body: unknown) => [{ do: 'reply', status, body } as const],
    ]),
  ),
  plain: ({ error }) => [{ do: 'reply', status: 500, headers: { 'content-type': 'text/plain' }, body: error.message }],
  stream: (said) => [{ do: 'raw', pieces: [`data: ${JSON.stringify(said)}\n\n`] }],
  garbled: ({ error }) => [{ do: 'raw', pieces: [`data: {${error.message}\n\n`] }],
  protocol: () => [{ do: 'cut' }],
};

let scene: Scene;
beforeAll(async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the yaml's.
  const model = { servers: 1, maxAttempts: 1, apiKey: '${BACKEND_KEY}' };
  const models = Object.fromEntries(Object.keys(cases).map((id) => [id, model]));
  scene = await startScene(models, { BACKEND_KEY: key, LOG_LEVEL: 'trace' });
});
afterAll(() => scene[Symbol.asyncDispose]());

test.for(Object.entries(cases))('neither key nor prompt is in what is told of a failure: %s', async ([id, steps]) => {
  const script: Script = (request) => steps(quoting(request));
  scene.backend(id).answer(script);
  const reader = await scene.follow(id, { prompt });
  const ended = await reader.end();
  expect(ended.status).toBe('FAILED');
  const { headers } = await scene.backend(id).request(0);
  expect(headers.authorization).toBe(`Bearer ${key}`);
  const document = parse('query ($id: ID!) { model(id: $id) { backends { lastError } } }');
  const admins = await ask(scene.url, document as never, { id });
  const viewers = JSON.stringify([reader.events, await scene.find(reader.id)]);
  expect(viewers).not.toMatch(/0123456789|crooked jaw|gpu-7/);
  expect(JSON.stringify(admins)).not.toMatch(/0123456789|crooked jaw/);
  // In its own words, where they were no more than that.
  if (['status-400', 'status-429', 'status-500', 'plain', 'stream'].includes(id))
    expect(JSON.stringify(admins)).toContain(host);
});

test('neither key nor prompt is in the log of the server, however much it logs', async () => {
  scene.backend('plain').modelsReply = { do: 'reply', status: 403, body: { error: { message: key } } };
  await scene.server.kill('SIGTERM');
  expect(scene.server.output()).toContain('stopped');
  for (const id of Object.keys(cases)) expect(scene.server.output()).toContain(`"model":"${id}","backend":"a"`);
  expect(scene.server.output()).toContain(host);
  expect(scene.server.output()).not.toMatch(/0123456789|crooked jaw/);
});
