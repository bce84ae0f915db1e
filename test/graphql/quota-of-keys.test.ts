import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiKeys } from '../../src/auth/keys.ts';
import { startApp, type TestApp } from './app.ts';

let app: TestApp;
let admin = '';
beforeAll(async () => {
  app = await startApp({
    yaml: `
auth: { mode: apiKey }
limits: { tokensPerDay: 50, tokensPerMonth: 60 }
models: [{ id: ngram, backends: [{ kind: ngram, tokensPerSecond: 0 }] }]`,
  });
  const input = { name: 'Admin', role: 'ADMIN', viewerId: null, expiresAt: null } as const;
  admin = (await createApiKeys(app.parts.store).create(input, { actorId: null, ip: null })).token;
});
afterAll(() => app[Symbol.asyncDispose]());

interface Made {
  readonly createApiKey: { readonly secret: string; readonly apiKey: { readonly viewer: { readonly id: string } } };
}

async function makeKey(input: object) {
  const query = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    secret apiKey { viewer { id } tokensPerDay tokensPerMonth }
  } }`;
  const { createApiKey } = await app.get<Made>(query, { input: { name: 'Robot', ...input } }, admin);
  const { secret: token, apiKey } = createApiKey;
  return { token, apiKey, viewer: apiKey.viewer.id };
}

/** Of a prompt of 7 characters, 2 tokens, and so many tokens of answer; once it has ended. */
async function generate(maxTokens: number, token: string): Promise<void> {
  const query = 'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }';
  await app.get(query, { input: { prompt: 'Call me', parameters: { maxTokens } } }, token);
  await expect.poll(() => app.parts.store.generations.unsettled()).toEqual([]);
}

interface Limits {
  readonly viewer: { readonly limits: Record<'tokensPerDay' | 'tokensPerMonth', { limit: number; used: number }> };
}
const limits = '{ viewer { limits { tokensPerDay { limit used } tokensPerMonth { limit used } } } }';
const limitsOf = async (token: string) => (await app.get<Limits>(limits, {}, token)).viewer.limits;
const exceeded = { code: 'QUOTA_EXCEEDED' };

test('a key with a quota of its own has nothing of its viewer’s, and takes nothing from it', async () => {
  const plain = await makeKey({});
  const own = await makeKey({ viewer: plain.viewer, tokensPerDay: 1_000, tokensPerMonth: 30 });
  expect(own.apiKey).toEqual({ viewer: { id: plain.viewer }, tokensPerDay: 1_000, tokensPerMonth: 30 });
  expect(plain.apiKey).toMatchObject({ tokensPerDay: null, tokensPerMonth: null });
  await generate(48, plain.token);
  await expect(generate(1, plain.token)).rejects.toMatchObject(exceeded);
  await generate(20, own.token);
  expect(await limitsOf(own.token)).toEqual({
    tokensPerDay: { limit: 1_000, used: 22 },
    tokensPerMonth: { limit: 30, used: 22 },
  });
  await expect(generate(7, own.token)).rejects.toMatchObject(exceeded);
  await generate(6, own.token);
  expect(await limitsOf(plain.token)).toEqual({
    tokensPerDay: { limit: 50, used: 50 },
    tokensPerMonth: { limit: 60, used: 50 },
  });
  const usage = await app.get('{ viewer { usageByDay { generations } } }', {}, plain.token);
  expect(usage).toEqual({ viewer: { usageByDay: [{ generations: 3 }] } });
});

test('of two keys of a viewer, each with a quota, each has its own', async () => {
  const one = await makeKey({ tokensPerDay: 10 });
  const two = await makeKey({ viewer: one.viewer, tokensPerDay: 10 });
  for (const { token } of [one, two]) {
    await generate(8, token);
    await expect(generate(1, token)).rejects.toMatchObject(exceeded);
  }
});

test('what the quota of a key does not say is as for viewers', async () => {
  const { token } = await makeKey({ tokensPerDay: 1_000 });
  expect(await limitsOf(token)).toMatchObject({ tokensPerDay: { limit: 1_000 }, tokensPerMonth: { limit: 60 } });
  await expect(generate(59, token)).rejects.toMatchObject(exceeded);
});

test('an admin who looks at the viewer sees the viewer’s own', async () => {
  const { viewer } = await makeKey({ tokensPerDay: 10 });
  const query = 'query ($id: ID!) { node(id: $id) { ... on Viewer { limits { tokensPerDay { limit } } } } }';
  expect(await app.get(query, { id: viewer }, admin)).toEqual({ node: { limits: { tokensPerDay: { limit: 50 } } } });
});

test.each([0, -1, 1.5, 1e300])('%d tokens are no quota', async (tokens) => {
  await expect(makeKey({ tokensPerDay: tokens })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  await expect(makeKey({ tokensPerMonth: tokens })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
});
