import { type ScriptedServer, startScriptedServer } from '../backends/scripted-server.ts';
import type { Script } from '../backends/scripted-steps.ts';
import { type AppOptions, startApp, type TestApp } from './app.ts';

/** The server in front of a scripted one, which is its model `whale`, two at once. */
export async function startScriptedApp(
  scripts: Script[],
  options: AppOptions = {},
): Promise<{ app: TestApp; backend: ScriptedServer } & AsyncDisposable> {
  const backend = await startScriptedServer(...scripts);
  const yaml = `
models:
  - id: whale
    name: White Whale
    concurrency: 2
    timeouts: { firstToken: 60s, betweenTokens: 60s }
    backends: [{ kind: openai, name: one, url: "${backend.url}", model: scripted }]`;
  const app = await startApp({ ...options, yaml });
  return {
    app,
    backend,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}

/** Says so much, and then nothing more. */
export const stallsAfter = (text: string): Script => [{ do: 'say', text }, { do: 'stall' }];
