import { parse, specifiedRules, validate } from 'graphql';
import { expect, test } from 'vitest';
import { limitsRule } from '../../src/graphql/limits.ts';
import { schema } from '../../src/graphql/schema.ts';
import { startApp } from './app.ts';

const refusals = (query: string) =>
  validate(schema, parse(query), [...specifiedRules, limitsRule]).map(({ message }) => message);

const nested = (levels: number, page = ''): string =>
  `{ viewer { ${`conversations${page} { nodes { owner { `.repeat(levels)} id ${'} } }'.repeat(levels)} } }`;

test('the pages that people build pass', () => {
  const messages = 'messages(last: 50) { nodes { text author { name } generation { model { name } } } }';
  expect(refusals(`{ viewer { conversations(first: 50) { nodes { id title ${messages} } } } }`)).toEqual([]);
  expect(
    refusals('query ($n: Int) { viewer { conversations(first: $n) { nodes { lastMessage { text } } } } }'),
  ).toEqual([]);
  expect(refusals(nested(2))).toEqual([]);
});

test.each([
  ['lists within lists within lists', nested(4)],
  ['few of the largest pages', nested(2, '(first: 100)').replace(' id ', ' generations(first: 100) { nodes { id } } ')],
  ['pages whose size a variable says', `query ($n: Int) ${nested(3, '(first: $n)')}`],
  [
    'the same list under many names',
    `{ viewer { ${Array.from({ length: 500 }, (_, i) => `a${i}: generations(first: 100) { nodes { id } }`).join(' ')} } }`,
  ],
  [
    'lists behind fragments',
    `{ viewer { ...A } } fragment A on Viewer { conversations { nodes { ...B } } } fragment B on Conversation { owner { conversations { nodes { owner { conversations { nodes { owner { conversations { nodes { id } } } } } } } } } }`,
  ],
])('an answer without measure is refused: %s', (_what, query) => {
  expect(refusals(query)).toEqual([
    expect.stringMatching(/^The answer could have more than 50000 objects\. Ask for smaller/),
  ]);
});

test('fields that are nested too deep are refused', () => {
  const deep = `{ node(id: "x") { ... on Message { ${'conversation { lastMessage { '.repeat(12)} id ${'} }'.repeat(12)} } } }`;
  expect(refusals(deep)).toEqual([expect.stringMatching(/^Fields are nested 2\d deep; 20 are allowed\.$/)]);
});

test('a refusal is bad input, over every transport', async () => {
  await using app = await startApp();
  const { data, errors } = await app.ask(nested(6));
  expect([data, errors?.[0]?.extensions?.code]).toEqual([undefined, 'BAD_USER_INPUT']);
});
