import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../graphql/app.ts';
import { converse, send } from '../graphql/verbs.ts';
import { type TransportAnswer, transports } from './transports.ts';

let app: TestApp;
let origin = '';
beforeAll(async () => {
  app = await startApp();
  origin = await app.listen();
});
afterAll(() => app[Symbol.asyncDispose]());

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(' ');
const deep = (levels: number, [open, close]: readonly [string, string], body = '') =>
  open.repeat(levels) + body + close.repeat(levels);

const cases: readonly (readonly [string, string, RegExp])[] = [
  ['too many tokens', `{ ${'__typename '.repeat(5_001)} }`, /more than 5000 tokens\. Ask for less/],
  ['too long', `{ __typename } ${'#\n'.repeat(300_000)}`, /more than 500000 characters\. Give long texts as variables/],
  ['fields too deep', deep(21, ['{ viewer ', '}'], '{ id }'), /more than 20 deep\. Ask/],
  ['far too many fields deep', deep(1_600, ['{viewer', '}'], '{id}'), /more than 20 deep\. Ask/],
  ['a list too deep for the stack', `{ model(id: ${deep(2_490, ['[', ']'])}) { id } }`, /nested too deep/],
  ['the same without an end', `{ model(id: ${'['.repeat(4_990)}`, /nested too deep/],
  ['too many aliases', `{ ${times(101, (i) => `a${i}: __typename`)} }`, /more than 100 aliases\. Ask/],
  [
    'too many mutations at once',
    `mutation { ...F ${times(10, (i) => `a${i}: createConversation(input: {}) { conversation { id } }`)} }
      fragment F on Mutation { createConversation(input: {}) { conversation { id } } }`,
    /more than 10 mutations\. Send them in several/,
  ],
  ['the same field too often', `{ ${'__typename '.repeat(101)} }`, /more than 100 times in one place/],
  [
    'a bomb of fragments',
    `{ ...F0 } ${times(400, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F400 on Query { ...F400 }`,
    /more than 5000 selections\. Ask/,
  ],
  [
    'too many objects',
    `{ viewer { conversations(first: 100) { nodes { messages(first: 100) { nodes { author { generations { nodes { id } } } } } } } } }`,
    /more than 50000 objects\. Ask/,
  ],
  ['a directive again and again', `{ __typename ${'@skip(if: true) '.repeat(700)} }`, /@skip" can only be used once/],
  ['directives that nobody knows', `{ __typename ${'@a '.repeat(2_400)} }`, /Unknown directive/],
  ['variables that nobody uses', `query (${times(1_200, (i) => `$v${i}: ID`)}) { __typename }`, /never used/],
];

describe.each(transports)('over %s', (_name, ask) => {
  test.each(cases)('%s is bad input, and no failure', async (_what, query, message) => {
    const { data, errors = [] } = await ask(origin, { query });
    expect(data).toBeUndefined();
    expect(errors[0]?.message).toMatch(message);
    expect(new Set(errors.map(({ extensions }) => extensions.code))).toEqual(new Set(['BAD_USER_INPUT']));
    // Again, from what is remembered of it.
    expect((await ask(origin, { query })).errors?.[0]?.message).toBe(errors[0]?.message);
    expect(await ask(origin, { query: '{ __typename }' })).toEqual({ data: { __typename: 'Query' } });
    expect(app.logged.filter(({ level }) => level >= 40)).toEqual([]);
  });

  test('of many mistakes the first twenty are told', async () => {
    const { errors = [] } = await ask(origin, { query: `{ ${times(50, (i) => `x${i}`)} }` });
    expect(errors).toHaveLength(21);
    expect(errors.at(-1)?.message).toMatch(/error limit reached/);
  });

  const mutation = 'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }';
  const refused = (message: RegExp) => [expect.stringMatching(message), { code: 'BAD_USER_INPUT' }];
  const told = ({ errors = [] }: TransportAnswer) => errors.map(({ message, extensions }) => [message, extensions]);

  test('lists and objects of variables without end are refused', async () => {
    const stop = Array(10_001).fill('');
    const keys = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, 1]));
    for (const input of [{ prompt: 'x', parameters: { stop } }, { prompt: 'x', ...keys }, [[[stop]]]]) {
      expect(told(await ask(origin, { query: mutation, variables: { input } }))).toEqual([
        refused(/more than 10000 values\. Send less at once/),
      ]);
    }
  });

  test('what is wrong with a large variable is not answered with all of it, over and over', async () => {
    const keys = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, 1]));
    const input = { prompt: 'x'.repeat(1 << 20), ...keys };
    const answer = await ask(origin, { query: mutation, variables: { input } });
    expect(told(answer)[0]).toEqual(refused(/^Variable "\$input" got invalid value/));
    expect(JSON.stringify(answer).length).toBeLessThan(10_000);
    expect(answer.errors).toHaveLength(4);
  });

  test.each(['after', 'before'])(
    'a cursor in `%s` that is longer than any is refused before it is compared',
    async (name) => {
      const id = await converse(app);
      const query = `query ($id: ID!, $c: String) { conversation(id: $id) { messages(${name}: $c) { nodes { id } } } }`;
      const withCursor = (length: number) => ask(origin, { query, variables: { id, c: 'A'.repeat(length) } });
      expect(told(await withCursor(201))).toEqual([refused(/is not a cursor: those have at most 200 characters/)]);
      expect(told(await withCursor(200))).toEqual([refused(/does not belong to this list/)]);
    },
  );

  test('what our own errors quote ends after 1,000 characters', async () => {
    const query = 'mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { id } } }';
    const { errors } = await ask(origin, { query, variables: { id: 'gen_'.repeat(100_000) } });
    expect(errors?.map(({ message, extensions }) => [message.slice(-2), message.length, extensions])).toEqual([
      [' …', 1_002, { code: 'NOT_FOUND' }],
    ]);
  });

  test.each([
    ['that does not parse', '{ viewer {\n  ? } }', [{ line: 2, column: 3 }], undefined],
    ['that is not valid', '{ viewer {\n  nothing } }', [{ line: 2, column: 3 }], undefined],
    [
      'whose field fails',
      '{ viewer {\n  usageByDay(last: 0) { day } } }',
      [{ line: 2, column: 3 }],
      ['viewer', 'usageByDay'],
    ],
  ])('a document %s is told where', async (_what, query, locations, path) => {
    const { errors = [] } = await ask(origin, { query });
    expect(errors.map((error) => [error.locations, error.path])).toEqual([[locations, path]]);
  });

  test('a long text is not answered again and again', async () => {
    const { message } = await send(app, await converse(app), 'x'.repeat(900_000));
    const query = (count: number) =>
      `query ($id: ID!) { ${times(count, (i) => `a${i}: node(id: $id) { ... on Message { text } }`)} }`;
    const some = await ask(origin, { query: query(9), variables: { id: message.id } });
    expect(some.errors).toBeUndefined();
    const many = await ask(origin, { query: query(90), variables: { id: message.id } });
    expect(told(many)).toEqual(
      Array(81).fill(refused(/^The texts of the answer have more than 8388608 characters\. Ask/)),
    );
    expect(JSON.stringify(many).length).toBeLessThan(8_200_000);
  });

  test('the configuration says what is too much', async () => {
    const operation = '{ depth: 2, aliases: 1, documentTokens: 12, objects: 9 }';
    await using strict = await startApp({
      yaml: `{ limits: { operation: ${operation} }, models: [{ id: m, backends: [{ kind: ngram }] }] }`,
    });
    const url = await strict.listen();
    const queries = [
      '{ viewer { usage { generations } } }',
      '{ a: __typename b: __typename }',
      '{ __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename __typename }',
      '{ models { id } }',
      '{ viewer { id } }',
    ];
    const found = await Promise.all(queries.map(async (query) => (await ask(url, { query })).errors?.[0]?.message));
    expect(found).toEqual([
      expect.stringContaining('more than 2 deep'),
      expect.stringContaining('more than 1 aliases'),
      expect.stringContaining('more than 12 tokens'),
      expect.stringContaining('more than 9 objects'),
      undefined,
    ]);
  });
});
