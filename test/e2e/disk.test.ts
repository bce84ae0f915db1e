import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { GenerateDocument } from '../../src/client/generated/operations.ts';
import { temporaryFolder } from '../folder.ts';
import { ask } from './client.ts';
import { Reader } from './reader.ts';
import { startServer, type TestServer } from './server.ts';

const folder = temporaryFolder();
const diskFails = join(folder.path, 'disk-fails');
const preload = fileURLToPath(new URL('./failing-disk.ts', import.meta.url));

let server: TestServer;
beforeAll(async () => {
  server = await startServer({
    yaml: `
models:
  - { id: moby, backends: [{ kind: ngram, tokensPerSecond: 100 }] }
  - { id: fast, backends: [{ kind: ngram, tokensPerSecond: 0 }] }
`,
    env: { NODE_OPTIONS: `--import=${preload}`, DISK_FAILS: diskFails },
  });
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

async function generate(model: string): Promise<string> {
  const input = { model, prompt: 'Call me', parameters: { maxTokens: 200, seed: 7 } };
  return (await ask(server.url, GenerateDocument, { input })).generate.generation.id;
}

const ended = async (pid: number) =>
  vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 10_000, interval: 20 });

test('a disk that takes nothing any more ends the server; what was read is there after the next start, and goes on', async () => {
  const whole = new Reader(server.url, await generate('fast'));
  await whole.end();
  const reader = new Reader(server.url, await generate('moby'));
  await reader.untilText(100);
  const { pid } = server;
  writeFileSync(diskFails, '');
  await expect(reader.end()).rejects.toThrow();
  await ended(pid);
  expect(await server.kill()).toBe(1);
  expect(server.output()).toMatch(/has not taken what was written to .*(log|store)\.db.*: see to it, and start again/);
  rmSync(diskFails);
  await server.restart();
  const { text: had, cursor = '' } = reader.answer;
  const again = new Reader(server.url, reader.id, { after: cursor });
  again.answer.text = had;
  expect(await again.end()).toMatchObject({ status: 'COMPLETED' });
  expect(again.answer.text).toBe(whole.answer.text);
});
