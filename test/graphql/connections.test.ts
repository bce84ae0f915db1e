import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { says } from '../backends/scripted-steps.ts';
import { below, seeded } from '../random.ts';
import { startApp, type TestApp } from './app.ts';
import { startScriptedApp } from './scripted-app.ts';
import { converse, generate, read, send } from './verbs.ts';

interface Arguments {
  readonly first?: number;
  readonly after?: string;
  readonly last?: number;
  readonly before?: string;
}

interface Connection {
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly id: string } }[];
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

const fields =
  'edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

/** The Relay specification's algorithm on an array of cursors. */
function expected(all: readonly string[], { first, after, last, before }: Arguments) {
  const start = after === undefined ? 0 : all.indexOf(after) + 1;
  const stop = before === undefined ? all.length : all.indexOf(before);
  const between = all.slice(start, Math.max(start, stop));
  const forward = last === undefined;
  const cut = forward ? between.slice(0, first ?? 20) : between.slice(Math.max(0, between.length - last));
  return {
    cursors: cut,
    pageInfo: {
      hasNextPage: (forward && cut.length < between.length) || stop < all.length,
      hasPreviousPage: (!forward && cut.length < between.length) || start > 0,
      startCursor: cut[0] ?? null,
      endCursor: cut.at(-1) ?? null,
    },
  };
}

let app: TestApp;
let conversationId: string;
let stop: () => PromiseLike<void>;
beforeAll(async () => {
  const scripted = await startScriptedApp([says('Aye.')]);
  stop = () => scripted[Symbol.asyncDispose]();
  app = scripted.app;
  for (let i = 0; i < 6; i++) await converse(app);
  conversationId = await converse(app);
  for (let i = 0; i < 4; i++) await read(app, (await send(app, conversationId, `Message ${i}`)).generation.id);
  for (let i = 0; i < 3; i++) await read(app, await generate(app, 'Call me'));
});
afterAll(() => stop());

async function messages(args: Arguments): Promise<Connection> {
  const query = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    conversation(id: $id) { messages(first: $first, after: $after, last: $last, before: $before) { ${fields} } }
  }`;
  const data = await app.get<{ conversation: { messages: Connection } }>(query, { id: conversationId, ...args });
  return data.conversation.messages;
}

async function ofViewer(list: 'conversations' | 'generations', args: Arguments): Promise<Connection> {
  const query = `query ($first: Int, $after: String) {
    viewer { list: ${list}(first: $first, after: $after) { ${fields} } }
  }`;
  return (await app.get<{ viewer: { list: Connection } }>(query, { ...args })).viewer.list;
}

const lists = {
  messages: { read: messages, length: 8, both: true },
  conversations: { read: (args: Arguments) => ofViewer('conversations', args), length: 7, both: false },
  generations: { read: (args: Arguments) => ofViewer('generations', args), length: 7, both: false },
};

describe.each(Object.entries(lists))('%s', (_name, { read: page, length, both }) => {
  test('page as the Relay specification says, whatever the arguments', async () => {
    const all = (await page({ first: 100 })).edges.map(({ cursor }) => cursor);
    expect(all).toHaveLength(length);
    const random = seeded(17);
    const maybe = <Value>(value: Value) => (random() < 0.5 ? value : undefined);
    for (let trial = 0; trial < 200; trial++) {
      const backward = both && random() < 0.5;
      const size = below(random, length + 2);
      const after = maybe(all[below(random, length)]);
      const before = both ? maybe(all[below(random, length)]) : undefined;
      const args: Arguments = {
        ...(backward ? { last: size } : random() < 0.9 && { first: size }),
        ...(after !== undefined && { after }),
        ...(before !== undefined && { before }),
      };
      const { edges, nodes, pageInfo } = await page(args);
      const got = { cursors: edges.map(({ cursor }) => cursor), pageInfo };
      expect(got, JSON.stringify(args)).toEqual(expected(all, args));
      expect(nodes).toEqual(edges.map(({ node }) => node));
    }
  });

  const refused: Arguments[] = [
    { first: -1 },
    { first: 101 },
    { after: '' },
    { after: 'nonsense' },
    { first: 0, after: '?' },
  ];
  const refusedBoth: Arguments[] = [
    { last: -1 },
    { last: 101 },
    { first: 1, last: 1 },
    { last: 1, before: 'nonsense' },
  ];
  test.each(both ? [...refused, ...refusedBoth] : refused)('with %o are BAD_USER_INPUT', async (args) => {
    await expect(page(args)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test("another list's cursor is BAD_USER_INPUT", async () => {
    for (const other of Object.values(lists)) {
      const [edge] = (await other.read({ first: 1 })).edges;
      if (other.read !== page) {
        await expect(page({ after: edge?.cursor ?? '' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      }
    }
  });
});

test('a wrong cursor of one page leaves the other pages of the query as they are', async () => {
  const query = `query ($id: ID!) { conversation(id: $id) {
    wrong: messages(first: 1, after: "nonsense") { nodes { id } }
  } other: conversation(id: $id) { messages(first: 1) { nodes { text } } } }`;
  const { data, errors } = await app.ask(query, { id: conversationId });
  expect(data).toEqual({ conversation: null, other: { messages: { nodes: [{ text: 'Message 0' }] } } });
  expect(errors).toMatchObject([{ path: ['conversation', 'wrong'], extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('an empty list has no cursors and no other pages', async () => {
  await using empty = await startApp();
  const query = `{ viewer { conversations { ${fields} } generations(status: FAILED) { ${fields} } } }`;
  const pageInfo = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
  const connection = { edges: [], nodes: [], pageInfo };
  expect(await empty.get(query)).toEqual({ viewer: { conversations: connection, generations: connection } });
});
