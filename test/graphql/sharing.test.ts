import { setImmediate as turn } from 'node:timers/promises';
import { type ExecutionResult, print } from 'graphql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DashboardDocument } from '../../src/client/generated/operations.ts';
import type { ScriptedServer } from '../backends/scripted-server.ts';
import type { TestApp } from './app.ts';
import { people, peopleAuth } from './people.ts';
import { stallsAfter, startScriptedApp } from './scripted-app.ts';
import { statementsOf } from './statements.ts';
import { converse, generate, read, send } from './verbs.ts';

const follow = 'subscription ($id: ID!) { generation(id: $id) { ... on TextAppended { text } } }';
const watch = 'subscription ($id: ID!) { conversation(id: $id) { title visibility } }';
const text = 'query ($id: ID!) { generation(id: $id) { text } }';
const setVisibility = `mutation ($id: ID!, $visibility: Visibility!) {
  setVisibility(input: { id: $id, visibility: $visibility }) {
    node { id ... on Generation { visibility } ... on Conversation { visibility } }
  }
}`;
const createLink = `mutation ($id: ID!, $expiresAt: DateTime) {
  createShareLink(input: { id: $id, expiresAt: $expiresAt }) { link { id createdAt expiresAt revokedAt } token }
}`;
const revokeLink = 'mutation ($id: ID!) { revokeShareLink(input: { id: $id }) { link { id revokedAt } } }';

/** Who shows no token is Ann, whose all this is. */
let scripted: Awaited<ReturnType<typeof startScriptedApp>>;
let app: TestApp;
let backend: ScriptedServer;
beforeEach(async () => {
  scripted = await startScriptedApp([stallsAfter('Ish')], { auth: peopleAuth(people.ann) });
  ({ app, backend } = scripted);
  for (const viewer of Object.values(people)) await app.parts.store.viewers.put(viewer);
});
afterEach(() => scripted[Symbol.asyncDispose]());

const share = (id: string, visibility: 'PRIVATE' | 'SIGNED_IN') => app.get(setVisibility, { id, visibility });

async function linkTo(id: string, more: object = {}) {
  const data = await app.get<{ createShareLink: { link: { id: string }; token: string } }>(createLink, { id, ...more });
  return { token: data.createShareLink.token, ...data.createShareLink.link };
}

/** A stream that has given its text, and goes on. */
async function begun(id: string, token?: string) {
  const events = await app.subscribe<{ generation: { text?: string } }>(follow, { id }, token);
  for (;;) {
    const { value } = await events.next();
    if (value?.errors) throw new Error(value.errors[0]?.message);
    if (value?.data.generation.text) return events;
  }
}

/** The code of the error that a stream breaks off with; undefined where it comes to its end. */
async function lastCode(events: AsyncIterable<Pick<ExecutionResult, 'errors'>>) {
  let last: unknown;
  for await (const { errors } of events) last = errors?.[0]?.extensions.code;
  return last;
}

describe('what is private again', () => {
  test.each(['generation', 'conversation'] as const)(
    'as a %s, ends the streams of those who may read it no more, and theirs alone',
    async (what) => {
      const conversation = await converse(app);
      const { generation } = await send(app, conversation, 'Call me');
      const shared = what === 'generation' ? generation.id : conversation;
      await share(shared, 'SIGNED_IN');
      const { token } = await linkTo(shared);
      const bobs = await begun(generation.id, 'bob');
      const others = [await begun(generation.id), await begun(generation.id, 'ada'), await begun(generation.id, token)];
      await share(shared, 'PRIVATE');
      expect(await lastCode(bobs)).toBe('NOT_FOUND');
      await expect(app.subscribe(follow, { id: generation.id }, 'bob')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await app.get('mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { id } } }', {
        id: generation.id,
      });
      for (const each of others) expect(await lastCode(each)).toBeUndefined();
    },
  );

  test('ends the states of a conversation; who may still read it sees the change', async () => {
    const id = await converse(app, 'Whales');
    await share(id, 'SIGNED_IN');
    const [bobs, anns] = [await app.subscribe(watch, { id }, 'bob'), await app.subscribe(watch, { id })];
    const shared = { conversation: { title: 'Whales', visibility: 'SIGNED_IN' } };
    for (const events of [bobs, anns]) expect((await events.next()).value?.data).toEqual(shared);
    await share(id, 'PRIVATE');
    expect(await lastCode(bobs)).toBe('NOT_FOUND');
    expect((await anns.next()).value?.data).toEqual({ conversation: { title: 'Whales', visibility: 'PRIVATE' } });
    await anns.return?.();
  });

  test('while a reader is on its way to it, is not read either', async () => {
    const id = await generate(app, 'Call me');
    await share(id, 'SIGNED_IN');
    const bobs = await app.subscribe(follow, { id }, 'bob');
    await share(id, 'PRIVATE');
    expect(await lastCode(bobs)).toBe('NOT_FOUND');
  });

  test('leaves nobody listening', async () => {
    const id = await generate(app, 'Call me');
    // Its run has asked what it has to ask.
    await read(app, id, 3);
    await share(id, 'SIGNED_IN');
    // All that the model says for now is written.
    await read(app, id, 'Ish'.length);
    const shareAgain = async () => {
      await share(id, 'SIGNED_IN');
      // Who looks again does so together with all who do in this turn.
      await turn();
    };
    const before = await statementsOf(shareAgain);
    const bobs = await begun(id, 'bob');
    expect(await statementsOf(shareAgain)).toBeGreaterThan(before);
    await bobs.return?.();
    expect(await statementsOf(shareAgain)).toBe(before);
  });
});

describe('a link', () => {
  test('admits to a running generation, its log and nothing else, until it is revoked', async () => {
    const [id, other] = [await generate(app, 'Call me'), await generate(app, 'Call you')];
    const { token, ...link } = await linkTo(id);
    const time = expect.stringMatching(/^\d{4}-/);
    expect(link).toEqual({ id: expect.stringMatching(/^link_/), createdAt: time, expiresAt: null, revokedAt: null });
    const events = await begun(id, token);
    expect(await app.get(text, { id }, token)).toEqual({ generation: { text: 'Ish' } });
    expect(await app.get(text, { id: other }, token)).toEqual({ generation: null });
    const viewer = { id: `usr_${link.id}`, name: 'Link', role: 'READER' };
    expect(await app.get('{ viewer { id name role } }', {}, token)).toEqual({ viewer });
    const revoked = await app.get(revokeLink, { id: link.id });
    expect(revoked).toEqual({ revokeShareLink: { link: { id: link.id, revokedAt: time } } });
    expect(await app.get(revokeLink, { id: link.id })).toEqual(revoked);
    expect(await lastCode(events)).toBe('UNAUTHENTICATED');
    await expect(app.get(text, { id }, token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('ends at its time, and streams with it', async () => {
    const id = await generate(app, 'Call me');
    await read(app, id, 3);
    const expiresAt = new Date(Date.now() + 3_000).toISOString();
    const { token, ...link } = await linkTo(id, { expiresAt });
    expect(link).toMatchObject({ expiresAt });
    expect(await lastCode(await begun(id, token))).toBe('UNAUTHENTICATED');
    await expect(app.get(text, { id }, token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('ends with the conversation that it leads to, or into', async () => {
    const conversation = await converse(app);
    const { generation } = await send(app, conversation, 'Call me');
    const links = [await linkTo(conversation), await linkTo(generation.id)];
    await app.get('mutation ($id: ID!) { deleteConversation(input: { id: $id }) { deletedId } }', { id: conversation });
    for (const { token } of links) {
      await expect(app.get('{ viewer { id } }', {}, token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
  });

  test('is listed where it leads to as long as it is good, the newest first, and never with its token', async () => {
    const id = await generate(app, 'Call me');
    const made = [await linkTo(id), await linkTo(id), await linkTo(id)];
    const query = 'query ($id: ID!) { generation(id: $id) { shareLinks { id revokedAt } } }';
    await app.get(revokeLink, { id: made[0]?.id });
    const shareLinks = [
      { id: made[2]?.id, revokedAt: null },
      { id: made[1]?.id, revokedAt: null },
    ];
    expect(await app.get(query, { id })).toEqual({ generation: { shareLinks } });
  });

  test.each([
    ['a time that has passed', { expiresAt: '2020-01-01T00:00:00Z' }],
    ['what can not be shared', { id: 'usr_ann' }],
  ])('is not made for %s', async (_what, more) => {
    const id = await generate(app, 'Call me');
    await expect(app.get(createLink, { id, ...more })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('is not made where there are 100 that are good', async () => {
    const id = await generate(app, 'Call me');
    const first = await linkTo(id);
    for (let i = 1; i < 100; i++) await linkTo(id);
    await expect(linkTo(id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await app.get(revokeLink, { id: first.id });
    await linkTo(id);
  });
});

test('who may only read a generation does not cancel it by leaving; its owner does', async () => {
  const id = await generate(app, 'Call me', { onDisconnect: 'CANCEL' });
  await share(id, 'SIGNED_IN');
  const { token } = await linkTo(id);
  const { left } = await backend.request(0);
  let gone = false;
  void left.then(() => {
    gone = true;
  });
  for (const each of ['bob', token]) await (await begun(id, each)).return?.();
  // The grace of another one, that began after theirs, has ended by then.
  const later = await generate(app, 'Call me', { onDisconnect: 'CANCEL' });
  const other = await backend.request(1);
  await (await begun(later)).return?.();
  await other.left;
  expect(gone).toBe(false);
});

test('a reader is told which role it takes', async () => {
  for (const query of [
    'generate(input: { prompt: "Hi" }) { generation { id } }',
    'createConversation(input: {}) { conversation { id } }',
  ]) {
    const { errors } = await app.ask(`mutation { ${query} }`, {}, 'rae');
    expect(errors).toMatchObject([
      { message: expect.stringContaining('MEMBER or ADMIN'), extensions: { code: 'FORBIDDEN' } },
    ]);
  }
});

test('a member’s dashboard costs what an admin’s does, and that of a shared conversation one look more at most', async () => {
  const shared = await converse(app);
  const { generation } = await send(app, shared, 'Call me');
  await read(app, generation.id, 3);
  const dashboard = print(DashboardDocument);
  expect(await statementsOf(() => app.get(dashboard))).toBe(4);
  await share(shared, 'SIGNED_IN');
  const query = `query ($id: ID!) { conversation(id: $id) {
    owner { name } messages { nodes { author { name } generation { status message { id } } } } activeGeneration { status }
  } }`;
  const anns = await statementsOf(() => app.get(query, { id: shared }));
  expect(await statementsOf(() => app.get(query, { id: shared }, 'bob'))).toBeLessThanOrEqual(anns + 1);
});
