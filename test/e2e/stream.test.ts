import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GenerateDocument, GenerationDocument } from '../../src/client/generated/operations.ts';
import { Answer, ask, follow } from './client.ts';
import { startServer, type TestServer } from './server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function generate(maxTokens: number, seed = 1): Promise<string> {
  const input = { prompt: 'Call me', parameters: { maxTokens, seed } };
  return (await ask(server.url, GenerateDocument, { input })).generate.generation.id;
}

describe.for(['ws', 'sse'] as const)('over %s', (transport) => {
  test('a subscriber reads a whole generation, live, and it is what the store has', async () => {
    const id = await generate(60);
    const answer = new Answer();
    for await (const { generation } of follow(transport, server.url, id)) answer.take(generation);
    const { generation } = await ask(server.url, GenerationDocument, { id });
    expect(answer.text).toBe(generation?.text);
    expect(answer).toMatchObject({ ends: 1, attempts: 1, status: 'COMPLETED', cursor: generation?.cursor });
    expect(generation?.usage).toEqual({ promptTokens: 2, completionTokens: 60 });
  });
});
