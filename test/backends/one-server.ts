import { afterEach, beforeEach, expect } from 'vitest';
import { type OpenAIBackendOptions, openaiBackend } from '../../src/backends/openai.ts';
import { asks, collect } from './collect.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';
import { chunk, type Step } from './scripted-steps.ts';

export const text = 'Call me Ishmael. Some years ago, never mind how long precisely.';

/** A new one for each test; nothing may have gone wrong in it itself. */
export let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  expect(server.faults).toEqual([]);
});

/** A backend on it. */
export const backend = (options: Partial<OpenAIBackendOptions> = {}) =>
  openaiBackend({ name: 'one', url: server.url, model: 'scripted', ...options });
export const run = (options?: Partial<OpenAIBackendOptions>, request = asks('Who are you?')) =>
  collect(backend(options), request);
export const token = (content: string): Step => ({ do: 'raw', pieces: [chunk({ delta: { content } })] });
