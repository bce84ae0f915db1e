import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ground, makeGround, startAppOfPeople } from '../graphql/access/ground.ts';
import type { TestApp } from '../graphql/app.ts';
import { openSocket, subscribe } from './raw-socket.ts';

let app: TestApp;
let origin = '';
let ground: Ground;
beforeAll(async () => {
  app = await startAppOfPeople();
  origin = await app.listen();
  ground = await makeGround(app);
});
afterAll(() => app[Symbol.asyncDispose]());

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
}

function post(query: string, token: string, accept: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', accept, authorization: `Bearer ${token}` };
  return fetch(`${origin}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) });
}

const openAs = async (token: string) => {
  const socket = await openSocket(`${origin.replace('http', 'ws')}/graphql`);
  socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  return socket;
};

/** The first result of an operation, over each transport. */
const transports = {
  http: async (query: string, token: string): Promise<Result> =>
    (await post(query, token, 'application/json')).json() as Promise<Result>,

  async sse(query: string, token: string): Promise<Result> {
    const response = await post(query, token, 'text/event-stream');
    // Who is not let in is told so before any stream begins.
    if (!response.ok) return (await response.json()) as Result;
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let read = '';
    for (;;) {
      read += (await reader?.read())?.value ?? '';
      const [, json] = /^data: (\{.*\})$/m.exec(read) ?? [];
      if (!json) continue;
      await reader?.cancel();
      return JSON.parse(json);
    }
  },

  async ws(query: string, token: string): Promise<Result> {
    const socket = await openAs(token);
    await socket.next();
    socket.send(subscribe('1', query));
    const { type, payload } = await socket.next('1');
    socket.terminate();
    return (type === 'error' ? { errors: payload } : payload) as Result;
  },
};

function reaches(value: unknown): boolean {
  if (value == null) return false;
  return typeof value === 'object' ? Object.values(value).some(reaches) : true;
}

const outcome = ({ data, errors }: Result) => errors?.[0]?.extensions.code ?? (reaches(data) ? '+' : '-');

/** Ann’s things: as Bob gets them, and by a link to her generation. */
const ways = [
  ['{ node(id: <generation>) { id } }', '-', '+'],
  ['{ node(id: <message>) { id } }', '-', '-'],
  ['{ generation(id: <generation>) { text } }', '-', '+'],
  ['{ conversation(id: <conversation>) { title } }', '-', '-'],
  ['{ generation(id: <generation>) { message { conversation { title } } } }', '-', '-'],
  ['{ node(id: <owner>) { ... on Viewer { conversations { nodes { id } } generations { nodes { id } } } } }', '-', '-'],
  ['{ viewer { conversations { nodes { id } } generations { nodes { id } } } }', '-', '-'],
  ['subscription { generation(id: <generation>) { cursor } }', 'NOT_FOUND', '+'],
  ['subscription { conversation(id: <conversation>) { title } }', 'NOT_FOUND', 'NOT_FOUND'],
  ['mutation { cancelGeneration(input: { id: <generation> }) { generation { id } } }', 'NOT_FOUND', 'FORBIDDEN'],
  [
    'mutation { renameConversation(input: { id: <conversation>, title: "x" }) { conversation { id } } }',
    'NOT_FOUND',
    'NOT_FOUND',
  ],
  ['mutation { deleteConversation(input: { id: <conversation> }) { deletedId } }', 'NOT_FOUND', 'NOT_FOUND'],
  [
    'mutation { sendMessage(input: { conversationId: <conversation>, text: "x" }) { message { id } } }',
    'NOT_FOUND',
    'FORBIDDEN',
  ],
  [
    'mutation { setVisibility(input: { id: <generation>, visibility: SIGNED_IN }) { node { id } } }',
    'NOT_FOUND',
    'FORBIDDEN',
  ],
  ['mutation { createShareLink(input: { id: <generation> }) { token } }', 'NOT_FOUND', 'FORBIDDEN'],
  ['mutation { revokeShareLink(input: { id: <link> }) { link { id } } }', 'NOT_FOUND', 'NOT_FOUND'],
] as const;

/** Without a stream there are no subscriptions over HTTP. */
const waysOver = (transport: string) => ways.filter(([way]) => transport !== 'http' || !way.startsWith('subscription'));

describe.each(Object.entries(transports))('over %s', (name, ask) => {
  test.each(waysOver(name))('%s', async (way, bobs, links) => {
    const ids = new Map(Object.entries(ground));
    const query = way.replace(/<(\w+)>/g, (_, id) => JSON.stringify(ids.get(id)));
    const found = [outcome(await ask(query, 'bob')), outcome(await ask(query, ground.tokens.generation))];
    expect(found).toEqual([bobs, links]);
    if (query.startsWith('mutation')) return;
    // Ann herself gets there by the same way, so that it is one.
    expect(outcome(await ask(query, 'ann'))).toBe('+');
  });
});

test('by a link that has expired nobody comes in, over any transport', async () => {
  const { expired } = ground.tokens;
  for (const ask of [transports.http, transports.sse]) {
    expect(outcome(await ask('{ viewer { id } }', expired))).toBe('UNAUTHENTICATED');
  }
  expect(await (await openAs(expired)).closed).toBe(4403);
});

test('a link that is revoked ends its streams with UNAUTHENTICATED, and closes its socket with 4403', async () => {
  const { conversation, tokens } = await makeGround(app);
  const socket = await openAs(tokens.conversation);
  await socket.next();
  socket.send(subscribe('1', `subscription { conversation(id: "${conversation}") { title } }`));
  expect(await socket.next('1')).toMatchObject({ type: 'next' });
  const links = await app.parts.store.links.ofTargets([conversation], Date.now());
  for (const { id } of links) {
    await app.get('mutation ($id: ID!) { revokeShareLink(input: { id: $id }) { link { id } } }', { id }, 'ann');
  }
  expect(await socket.next('1')).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  });
  expect(await socket.closed).toBe(4403);
});
