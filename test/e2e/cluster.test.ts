import { afterAll, beforeAll, expect, test } from 'vitest';
import { GenerateDocument, GenerationDocument } from '../../src/client/generated/operations.ts';
import { type RedisCluster, startRedisCluster } from '../redis-cluster.ts';
import { Answer, ask, follow } from './client.ts';
import { startServer, type TestServer } from './server.ts';

let cluster: RedisCluster;
let server: TestServer;
beforeAll(async () => {
  cluster = await startRedisCluster();
  const yaml = 'models: [{ id: moby, backends: [{ kind: ngram, tokensPerSecond: 200 }] }]';
  server = await startServer({ yaml, env: { REDIS_URL: cluster.url } });
});
afterAll(async () => {
  const code = await server.kill('SIGTERM');
  await server.stop();
  await cluster.stop();
  expect(code).toBe(0);
});

test('generations run and are read live on a Redis Cluster', async () => {
  const input = { prompt: 'Call me', parameters: { maxTokens: 100 } };
  const ids = await Promise.all(
    Array.from({ length: 12 }, async () => (await ask(server.url, GenerateDocument, { input })).generate.generation.id),
  );
  await Promise.all(
    ids.map(async (id, n) => {
      const answer = new Answer();
      for await (const { generation } of follow(n % 2 === 0 ? 'ws' : 'sse', server.url, id)) answer.take(generation);
      const { generation } = await ask(server.url, GenerationDocument, { id });
      expect(answer).toMatchObject({ text: generation?.text, ends: 1, attempts: 1, status: 'COMPLETED' });
    }),
  );
});
