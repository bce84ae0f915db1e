import { graphql } from 'graphql';
import { expect, test } from 'vitest';
import { createQuotas } from '../../src/generation/quota.ts';
import { createContext, type Services } from '../../src/graphql/context.ts';
import { OperationRates } from '../../src/graphql/rates.ts';
import { schema } from '../../src/graphql/schema.ts';
import { ann, bob, createConversation, draft, outcome, replyDraft } from '../contract/store/fixtures.ts';
import { type AppOptions, startApp, type TestApp } from './app.ts';
import { statementsOf } from './statements.ts';
import { generate, read } from './verbs.ts';

const limited = (limits: string): AppOptions => ({
  yaml: `
limits: { ${limits} }
models: [{ id: ngram, name: N-gram, backends: [{ kind: ngram, tokensPerSecond: 0 }] }]`,
});
const allowance = '{ limit used reserved remaining resetsAt }';
const limits = `{ tokensPerDay ${allowance} tokensPerMonth ${allowance} generationsAtOnce ${allowance} }`;
const usage = 'usageByDay { day model { id name status } generations promptTokens completionTokens }';
const today = () => new Date().toISOString().slice(0, 10);

/** A generation of the viewer's that has ended. */
async function ended({ parts: { store } }: TestApp, viewerId: string, modelId: string, createdAt: number) {
  const { generation } = await store.generations.submit(draft({ viewerId, modelId, createdAt }));
  await store.generations.settle(generation.id, outcome());
}

test('a viewer sees what is allowed, used and kept, and what is refused says when to come back', async () => {
  await using app = await startApp(limited('tokensPerDay: 50, tokensPerMonth: 60, generationsAtOnce: 3'));
  const id = await generate(app, 'Call me', { parameters: { maxTokens: 40 } });
  await read(app, id);
  await expect.poll(() => app.parts.store.generations.unsettled()).toEqual([]);
  const { viewer } = await app.get<{ viewer: { limits: object } }>(`{ viewer { limits ${limits} } }`);
  const midnight = `${new Date(Date.parse(today()) + 86_400_000).toISOString().slice(0, 10)}T00:00:00.000Z`;
  const taken = { used: 42, reserved: 0 };
  expect(viewer.limits).toEqual({
    tokensPerDay: { limit: 50, ...taken, remaining: 8, resetsAt: midnight },
    tokensPerMonth: { limit: 60, ...taken, remaining: 18, resetsAt: expect.stringMatching(/-01T00:00:00.000Z$/) },
    generationsAtOnce: { limit: 3, used: 0, reserved: 0, remaining: 3, resetsAt: null },
  });
  await expect(generate(app, 'Call me', { parameters: { maxTokens: 7 } })).rejects.toMatchObject({
    code: 'QUOTA_EXCEEDED',
    retryAfterMs: expect.any(Number),
  });
  await generate(app, 'Call me', { parameters: { maxTokens: 6 } });
});

test('what has no limit is null', async () => {
  await using app = await startApp();
  const none = { tokensPerDay: null, tokensPerMonth: null, generationsAtOnce: null };
  expect(await app.get(`{ viewer { limits ${limits} } }`)).toEqual({ viewer: { limits: none } });
});

test('usage by day goes back as many days as are asked for, also of models that are no more', async () => {
  await using app = await startApp();
  const day = 86_400_000;
  const now = Date.now();
  for (const daysAgo of [0, 1, 30])
    await ended(app, 'usr_local', daysAgo === 1 ? 'gone' : 'ngram', now - daysAgo * day);
  const tokens = { generations: 1, promptTokens: 2, completionTokens: 3 };
  const newest = { day: today(), model: { id: 'ngram', name: 'N-gram', status: 'ONLINE' }, ...tokens };
  const gone = { id: 'gone', name: 'gone', status: 'OFFLINE' };
  const older = { day: new Date(now - day).toISOString().slice(0, 10), model: gone, ...tokens };
  expect(await app.get(`{ viewer { ${usage} } }`)).toEqual({ viewer: { usageByDay: [newest, older] } });
  const query = '{ viewer { one: usageByDay(last: 1) { day } all: usageByDay(last: 31) { day } } }';
  expect(await app.get(query)).toMatchObject({ viewer: { one: [{}], all: [{}, {}, {}] } });
  for (const last of [0, 367]) {
    const wrong = app.get(`{ viewer { usageByDay(last: ${last}) { day } } }`);
    await expect(wrong).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  }
});

test('an admin sees everybody, each kind in one statement however many they are', async () => {
  await using app = await startApp(limited('tokensPerDay: 50'));
  const costs: number[] = [];
  for (const names of [['ann'], ['bob', 'eve', 'ada']]) {
    const ids: string[] = [];
    for (const name of names) {
      const id = `usr_${name}`;
      ids.push(id);
      await app.parts.store.viewers.put({ id, name, role: 'MEMBER' });
      await ended(app, id, 'ngram', Date.now());
    }
    const fields = `... on Viewer { usage { generations } ${usage} limits { tokensPerDay { used } } }`;
    const query = `{ ${ids.map((id) => `${id}: node(id: "${id}") { ${fields} }`).join(' ')} }`;
    let data: Record<string, unknown> = {};
    costs.push(await statementsOf(async () => (data = await app.get(query))));
    for (const id of ids) {
      const seen = {
        usage: { generations: 1 },
        usageByDay: [{ completionTokens: 3 }],
        limits: { tokensPerDay: { used: 5 } },
      };
      expect(data[id]).toMatchObject(seen);
    }
  }
  expect(costs[0]).toBe(costs[1]);
});

test('nobody else sees it: who reads what another has written learns nothing of what that one does', async () => {
  await using app = await startApp();
  const { store } = app.parts;
  for (const viewer of [ann, bob]) await store.viewers.put(viewer);
  const { id } = await createConversation(store, { ownerId: ann.id });
  await store.generations.submit(replyDraft(id, 'Written by an admin', { viewerId: bob.id }));
  const unlimited = { generationsAtOnce: null, tokensPerDay: null, tokensPerMonth: null };
  const quotas = createQuotas({ store, limits: { promptCharacters: 1, maxTokens: 1, ...unlimited } });
  const rates = new OperationRates(app.parts.clientLimits, { viewer: null, ip: null });
  for (const field of ['usage { generations }', 'usageByDay { day }', 'limits { tokensPerDay { used } }']) {
    const source = `query ($id: ID!) { conversation(id: $id) { owner { ${field} } messages(first: 1) { nodes { author { name ${field} } } } } }`;
    const services = { store, quotas, rates, generations: {} } as Services;
    const contextValue = createContext(services, { viewer: ann, ip: '' });
    const { data, errors } = await graphql({ schema, source, contextValue, variableValues: { id } });
    expect(errors?.map(({ message, path }) => [message, path?.[2]])).toEqual([
      [expect.stringContaining('admins'), 'nodes'],
    ]);
    expect(data).toMatchObject({ conversation: { owner: expect.anything(), messages: { nodes: [{ author: null }] } } });
  }
});
