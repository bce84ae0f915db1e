import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import type { TestApp } from './app.ts';
import { startScriptedApp } from './scripted-app.ts';
import { converse, generate, read, send } from './verbs.ts';

let postgres: PostgresServer;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

const openPostgres = async () =>
  openPostgresStore({
    url: await postgres.database(),
    poolSize: 3,
    onError: () => {},
    outage: { began() {}, ended() {} },
  });
const unkeepable = [
  ['U+0000', 'a\0b'],
  ['half of a pair', 'a\ud83d'],
  ['the other half', '\udc0b b'],
] as const;
const inputs: readonly (readonly [what: string, operation: string, type: string, of: (text: string) => object])[] = [
  ['a prompt', 'generate(input: $input) { generation { id } }', 'GenerateInput!', (prompt) => ({ prompt })],
  [
    'a message',
    'generate(input: $input) { generation { id } }',
    'GenerateInput!',
    (text) => ({ messages: [{ role: 'USER', text }] }),
  ],
  [
    'a stop text',
    'generate(input: $input) { generation { id } }',
    'GenerateInput!',
    (text) => ({ prompt: 'a', parameters: { stop: ['b', text] } }),
  ],
  [
    'an idempotency key',
    'generate(input: $input) { generation { id } }',
    'GenerateInput!',
    (idempotencyKey) => ({ prompt: 'a', idempotencyKey }),
  ],
  ['an id', 'cancelGeneration(input: $input) { generation { id } }', 'CancelGenerationInput!', (id) => ({ id })],
  ['a title', 'createConversation(input: $input) { __typename }', 'CreateConversationInput!', (title) => ({ title })],
  ['the name of a key', 'createApiKey(input: $input) { __typename }', 'CreateApiKeyInput!', (name) => ({ name })],
];

describe.each([
  ['SQLite', () => openSqliteStore(':memory:')],
  ['Postgres', openPostgres],
])('on %s', (_name, open) => {
  let store: Store;
  let app: TestApp;
  let scripted: Awaited<ReturnType<typeof startScriptedApp>>;
  beforeAll(async () => {
    store = await open();
    scripted = await startScriptedApp([], { alter: () => ({ store }) });
    app = scripted.app;
  });
  beforeEach(() => scripted.backend.answer([{ do: 'say', text: 'a\0b \ud83d \ud83d\udc0b' }, { do: 'finish' }]));
  afterAll(async () => {
    await scripted[Symbol.asyncDispose]();
    await store.close();
  });

  describe.each(unkeepable)('%s', (_what, text) => {
    test.each(inputs)('in %s is bad input, and leaves nothing', async (_input, operation, type, of) => {
      const { data, errors } = await app.ask(`mutation ($input: ${type}) { ${operation} }`, { input: of(text) });
      expect(data).toBeUndefined();
      expect(errors).toMatchObject([
        { message: expect.stringContaining('U+0000'), extensions: { code: 'BAD_USER_INPUT' } },
      ]);
      expect(await store.generations.unsettled()).toEqual([]);
    });
  });

  test.each(['"a\\u0000b"', '"a\\u{0}b"', '"a\0b"', '"""a\0b"""', '"\\ud83d"', '"\ud83d"'])(
    'a literal %j is bad input',
    async (literal) => {
      const { data, errors } = await app.ask(
        `mutation { createConversation(input: { title: ${literal} }) { __typename } }`,
      );
      expect([data, errors?.[0]?.extensions?.code]).toEqual([undefined, 'BAD_USER_INPUT']);
    },
  );

  test('what a model writes of it is replaced, one for one, and what follows is kept', async () => {
    const text = 'a\ufffdb \ufffd 🐋';
    expect(await read(app, await generate(app, 'Call 🐋'))).toBe(text);
    const id = await converse(app);
    const { generation } = await send(app, id, 'Call 🐋');
    expect(await read(app, generation.id)).toBe(text);
    await expect.poll(() => store.generations.unsettled()).toEqual([]);
    const [row] = await store.generations.byIds([generation.id]);
    expect(row).toMatchObject({ status: 'COMPLETED', text });
    expect((await store.generations.prompt(generation.id)).at(-1)).toMatchObject({ text: 'Call 🐋' });
  });
});
