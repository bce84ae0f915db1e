import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiKeys } from '../../src/auth/keys.ts';
import type { ViewerRole } from '../../src/domain/conversation.ts';
import { startApp, type TestApp } from './app.ts';

let app: TestApp;
const tokens = {} as Record<ViewerRole, string>;
beforeAll(async () => {
  app = await startApp({
    yaml: 'auth: { mode: apiKey }\nmodels: [{ id: ngram, backends: [{ kind: ngram, tokensPerSecond: 1 }] }]',
  });
  const keys = createApiKeys(app.parts.store);
  for (const role of ['ADMIN', 'MEMBER', 'READER'] as const) {
    const made = await keys.create({ name: role, role, viewerId: null, expiresAt: null }, { actorId: null, ip: null });
    tokens[role] = made.token;
  }
});
afterAll(() => app[Symbol.asyncDispose]());

interface Created {
  readonly createApiKey: { readonly apiKey: { readonly id: string }; readonly secret: string };
}

const create = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
  apiKey { __typename id name role createdAt expiresAt revokedAt lastUsedAt viewer { id name role } } secret
} }`;
const revoke = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id revokedAt } } }';
const events = `{ auditEvents(first: 1) { nodes { __typename id at kind actor { id name } subjectId ip detail } } }`;

test('an admin makes a key, which lets in; lists it, finds it by its id, and revokes it', async () => {
  const input = { name: ' Robot ', role: 'READER', expiresAt: '2999-01-01T00:00:00.000Z' };
  const { createApiKey } = await app.get<Created>(create, { input }, tokens.ADMIN);
  const { id } = createApiKey.apiKey;
  expect(createApiKey).toMatchObject({
    apiKey: {
      ...{ __typename: 'ApiKey', name: 'Robot', role: 'READER', expiresAt: input.expiresAt },
      ...{ revokedAt: null, lastUsedAt: null, viewer: { name: 'Robot', role: 'READER' } },
    },
    secret: expect.stringMatching(`^millrace_${id}_[0-9a-f]{64}$`),
  });
  const me = await app.get('{ viewer { name role } }', {}, createApiKey.secret);
  expect(me).toEqual({ viewer: { name: 'Robot', role: 'READER' } });
  const found = '{ apiKeys(first: 1) { nodes { id } pageInfo { hasNextPage } } }';
  expect(await app.get(found, {}, tokens.ADMIN)).toEqual({
    apiKeys: { nodes: [{ id }], pageInfo: { hasNextPage: true } },
  });
  const node = 'query ($id: ID!) { node(id: $id) { __typename id } }';
  expect(await app.get(node, { id }, tokens.ADMIN)).toEqual({ node: { __typename: 'ApiKey', id } });
  expect(await app.get(node, { id }, createApiKey.secret)).toEqual({ node: null });
  const time = expect.stringMatching(/Z$/);
  expect(await app.get(revoke, { id }, tokens.ADMIN)).toEqual({ revokeApiKey: { apiKey: { id, revokedAt: time } } });
});

test('another key of a viewer is that viewer, with a role of its own', async () => {
  const { viewer } = await app.get<{ viewer: { id: string } }>('{ viewer { id } }', {}, tokens.MEMBER);
  const input = { name: 'Second', role: 'READER', viewer: viewer.id };
  const { createApiKey } = await app.get<Created>(create, { input }, tokens.ADMIN);
  const me = await app.get('{ viewer { id name role } }', {}, createApiKey.secret);
  expect(me).toEqual({ viewer: { id: viewer.id, name: 'MEMBER', role: 'READER' } });
  const unknown = { input: { ...input, viewer: 'usr_none' } };
  await expect(app.get(create, unknown, tokens.ADMIN)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  for (const wrong of [{ name: ' ' }, { name: 'x'.repeat(101) }, { expiresAt: '2001-01-01T00:00:00Z' }]) {
    const asked = app.get(create, { input: { name: 'x', ...wrong } }, tokens.ADMIN);
    await expect(asked).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  }
});

test.each(['MEMBER', 'READER'] as const)(
  'a %s may neither make nor see nor revoke keys, nor read the audit log',
  async (role) => {
    const { nodes } = (
      await app.get<{ auditEvents: { nodes: { id: string; subjectId: string }[] } }>(events, {}, tokens.ADMIN)
    ).auditEvents;
    const before = await app.parts.store.keys.page({ limit: 100, from: 'start' });
    const asked: [string, object][] = [
      [create, { input: { name: 'Mine', role: 'ADMIN' } }],
      [revoke, { id: before.rows[0]?.row.id }],
      [revoke, { id: 'key_none' }],
      ['{ apiKeys { nodes { id } } }', {}],
      [events, {}],
    ];
    for (const [query, variables] of asked) {
      await expect(app.get(query, { ...variables }, tokens[role])).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(await app.parts.store.keys.page({ limit: 100, from: 'start' })).toEqual(before);
    const node = 'query ($id: ID!) { node(id: $id) { id } }';
    expect(await app.get(node, { id: nodes[0]?.id }, tokens[role])).toEqual({ node: null });
  },
);

test('the audit log has who made and revoked keys, and finds each event by its id', async () => {
  const input = { name: 'Robot', role: 'MEMBER' };
  const { createApiKey } = await app.get<Created>(create, { input }, tokens.ADMIN);
  const by = { actor: { name: 'ADMIN' }, subjectId: createApiKey.apiKey.id, ip: '127.0.0.1' };
  expect(await app.get(events, {}, tokens.ADMIN)).toMatchObject({
    auditEvents: { nodes: [{ __typename: 'AuditEvent', kind: 'KEY_CREATED', ...by }] },
  });
  await app.get(revoke, { id: createApiKey.apiKey.id }, tokens.ADMIN);
  type Events = { auditEvents: { nodes: { id: string; detail: string }[] } };
  const { auditEvents } = await app.get<Events>(events, {}, tokens.ADMIN);
  expect(auditEvents).toMatchObject({ nodes: [{ kind: 'KEY_REVOKED', ...by }] });
  expect(JSON.parse(auditEvents.nodes[0]?.detail ?? '')).toMatchObject(input);
  const node = 'query ($id: ID!) { node(id: $id) { __typename ... on AuditEvent { kind } } }';
  const found = await app.get(node, { id: auditEvents.nodes[0]?.id }, tokens.ADMIN);
  expect(found).toEqual({ node: { __typename: 'AuditEvent', kind: 'KEY_REVOKED' } });
});

test('what an admin does with what is another’s is written down, and what anybody does with their own is not', async () => {
  const verbs: [kind: string, query: string][] = [
    [
      'CONVERSATION_RENAMED',
      'mutation ($id: ID!) { renameConversation(input: { id: $id, title: "x" }) { __typename } }',
    ],
    [
      'MESSAGE_SENT',
      'mutation ($id: ID!) { sendMessage(input: { conversationId: $id, text: "x" }) { generation { id } } }',
    ],
    [
      'VISIBILITY_CHANGED',
      'mutation ($id: ID!) { setVisibility(input: { id: $id, visibility: SIGNED_IN }) { __typename } }',
    ],
    [
      'VISIBILITY_CHANGED',
      'mutation ($run: ID!) { setVisibility(input: { id: $run, visibility: PRIVATE }) { __typename } }',
    ],
    ['LINK_CREATED', 'mutation ($id: ID!) { createShareLink(input: { id: $id }) { link { id } } }'],
    ['LINK_CREATED', 'mutation ($run: ID!) { createShareLink(input: { id: $run }) { link { id } } }'],
    ['GENERATION_CANCELLED', 'mutation ($run: ID!) { cancelGeneration(input: { id: $run }) { __typename } }'],
    ['LINK_REVOKED', 'mutation ($link: ID!) { revokeShareLink(input: { id: $link }) { __typename } }'],
    ['CONVERSATION_DELETED', 'mutation ($id: ID!) { deleteConversation(input: { id: $id }) { __typename } }'],
  ];
  const count = async () => (await app.parts.store.audit.page({ limit: 100, from: 'start' })).rows.length;
  for (const role of ['MEMBER', 'ADMIN'] as const) {
    const open = 'mutation { createConversation(input: { title: "a" }) { conversation { id owner { id } } } }';
    type Opened = { createConversation: { conversation: { id: string; owner: { id: string } } } };
    const { conversation } = (await app.get<Opened>(open, {}, tokens.MEMBER)).createConversation;
    const generate = 'mutation { generate(input: { prompt: "x" }) { generation { id } } }';
    type Run = { generate: { generation: { id: string } } };
    const run = (await app.get<Run>(generate, {}, tokens.MEMBER)).generate.generation.id;
    let link = '';
    for (const [kind, query] of verbs) {
      const before = await count();
      const subjectId = query.includes('$run') || query.includes('$link') ? run : conversation.id;
      type Made = { createShareLink?: { link: { id: string } } };
      const made = await app.get<Made>(query, { run, link, id: conversation.id }, tokens[role]);
      link = made.createShareLink?.link.id ?? link;
      const [newest] = (await app.parts.store.audit.page({ limit: 1, from: 'start' })).rows;
      expect((await count()) - before).toBe(role === 'ADMIN' ? 1 : 0);
      const detail = { ownerId: conversation.owner.id };
      if (role === 'ADMIN') expect(newest?.row).toMatchObject({ kind, subjectId, ip: '127.0.0.1', detail });
    }
  }
});

test('refusals are written down without what was shown', async () => {
  const token = `${tokens.ADMIN.slice(0, -4)}beef`;
  await expect(app.get('{ viewer { id } }', {}, token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(app.get('{ viewer { id } }')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  const newest = async () => (await app.parts.store.audit.page({ limit: 1, from: 'start' })).rows[0]?.row;
  await expect.poll(newest).toMatchObject({
    ...{ kind: 'SIGN_IN_FAILED', ip: '127.0.0.1', actorId: null },
    detail: { reason: 'There is no such API key.' },
  });
  const { rows } = await app.parts.store.audit.page({ limit: 100, from: 'start' });
  expect(JSON.stringify(rows)).not.toMatch(/[0-9a-f]{40}/);
});
