import { getIntrospectionQuery, parse, specifiedRules, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { Cost } from '../../src/graphql/cost.ts';
import { schema } from '../../src/graphql/schema.ts';

const limits = { depth: 20, aliases: 100, documentTokens: 5_000, objects: 50_000 };

/** Why a document is refused, and in how many steps that was found out. */
function measure(query: string, changed: Partial<typeof limits> = {}): { refusal?: string; steps: number } {
  const cost = new Cost({ ...limits, ...changed }, schema, parse(query));
  try {
    cost.check();
    return { steps: cost.steps };
  } catch (error) {
    return { refusal: (error as Error).message, steps: cost.steps };
  }
}

const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(' ');
const nested = (levels: number, page = ''): string =>
  `{ viewer { ${`conversations${page} { nodes { owner { `.repeat(levels)} id ${'} } }'.repeat(levels)} } }`;

const messages =
  'messages(last: 50) { nodes { text author { name } generation { model { name backends { name } } } } }';

test.each([
  ['pages of pages', `{ viewer { conversations(first: 50) { nodes { id title ${messages} } } } }`],
  [
    'a page whose size a variable says',
    'query ($n: Int) { viewer { conversations(first: $n) { nodes { lastMessage { text } } } } }',
  ],
  ['lists within lists', nested(2)],
  ['days', `{ viewer { ${times(100, (i) => `a${i}: usageByDay { model { id } }`)} } }`],
  ["GraphiQL's introspection", getIntrospectionQuery({ inputValueDeprecation: true, schemaDescription: true })],
  [
    'fragments that ask for the same pages',
    `{ viewer { ${times(40, (i) => `...F${i}`)} } } ${times(40, (i) => `fragment F${i} on Viewer { conversations(first: 50) { nodes { __typename id ${messages} } } }`)}`,
  ],
])('what people build passes: %s', (_what, query) => {
  expect([...validate(schema, parse(query), specifiedRules), measure(query).refusal]).toEqual([undefined]);
});

describe('an answer without measure is refused', () => {
  test.each([
    ['lists within lists within lists', nested(4)],
    [
      'few of the largest pages',
      nested(2, '(first: 100)').replace(' id ', ' generations(first: 100) { nodes { id } } '),
    ],
    ['pages whose size a variable says', `query ($n: Int) ${nested(3, '(first: $n)')}`],
    [
      'the same list under many names',
      `{ viewer { ${times(90, (i) => `a${i}: generations(first: 100) { edges { node { conversation { owner { name } lastMessage { id } } model { id } } } }`)} } }`,
    ],
    [
      'lists behind fragments',
      `{ viewer { ...A } } fragment A on Viewer { conversations { nodes { ...B } } } fragment B on Conversation { owner { conversations { nodes { owner { conversations { nodes { owner { conversations { nodes { id } } } } } } } } } }`,
    ],
    ['lists in a fragment that nobody spreads', `{ __typename } fragment A on Query ${nested(4)}`],
    [
      'lists without pages',
      `{ viewer { conversations(first: 100) { nodes { messages(first: 50) { nodes { generation { model { backends { name } } } } } } } } }`,
    ],
    ['links', `{ viewer { conversations(first: 100) { nodes { ${times(5, (i) => `a${i}: shareLinks { id }`)} } } } }`],
    ['days', `{ viewer { ${times(100, (i) => `a${i}: usageByDay(last: 366) { model { id } }`)} } }`],
    [
      'days that a variable counts',
      `query ($n: Int!) { viewer { ${times(100, (i) => `a${i}: usageByDay(last: $n) { model { id } }`)} } }`,
    ],
    [
      'the schema within the schema',
      `{ __schema { types { fields { type { ${'fields { type { '.repeat(4)} name ${'} }'.repeat(4)} } } } } }`,
    ],
  ])('%s', (_what, query) => {
    expect(measure(query).refusal).toMatch(/^The answer could have more than 50000 objects\. Ask for smaller/);
  });
});

test('values are counted as often as the object that they are of, and once where they are asked for again', () => {
  const refused = /^The answer could have more than 250000 values\. Ask for fewer fields/;
  const query = (names: number) =>
    `{ viewer { conversations(first: 100) { nodes { messages(first: 100) { nodes { ${times(names, (i) => `a${i}: id`)} } } } } } }`;
  expect(measure(query(25)).refusal).toBeUndefined();
  expect(measure(query(26)).refusal).toMatch(refused);
  expect(measure(query(25).replace('a0: id', 'a0: id '.repeat(20))).refusal).toBeUndefined();
});

test('each event of a subscription may have a fiftieth of the objects of a query', () => {
  const query = (page: number) => `subscription { conversation(id: "x") { messages(last: ${page}) { ${inner} } } }`;
  const inner = times(5, (i) => `a${i}: nodes { text author { name } }`);
  expect(measure(query(90)).refusal).toBeUndefined();
  expect(measure(query(91)).refusal).toMatch(/^The answer could have more than 1000 objects\./);
});

test('fields that are nested too deep are refused', () => {
  const deep = (levels: number) =>
    `{ node(id: "x") { ... on Message { ${'conversation { lastMessage { '.repeat(levels)} id ${'} }'.repeat(levels)} } } }`;
  expect(measure(deep(9)).refusal).toBeUndefined();
  expect(measure(deep(10)).refusal).toMatch(/^Fields are nested more than 20 deep\. Ask/);
  expect(measure('{ viewer { id } }', { depth: 1 }).refusal).toMatch(/more than 1 deep/);
});

test('a mutation has at most 10 fields, and an operation each its own', () => {
  const mutation = (name: string, count: number) =>
    `mutation ${name} { ${times(count, (i) => `a${i}: createConversation(input: {}) { conversation { id } }`)} }`;
  expect(measure(mutation('A', 10) + mutation('B', 10)).refusal).toBeUndefined();
  expect(measure(mutation('A', 11)).refusal).toMatch(/^The operation has more than 10 mutations\./);
});

describe('aliases', () => {
  const refused = /^The operation has more than 100 aliases\. Ask/;

  test('are counted, of objects as of plain fields', () => {
    expect(measure(`{ ${times(100, (i) => `a${i}: __typename`)} }`).refusal).toBeUndefined();
    expect(measure(`{ ${times(101, (i) => `a${i}: __typename`)} }`).refusal).toMatch(refused);
    expect(measure(`{ ${times(101, (i) => `a${i}: viewer { id }`)} }`).refusal).toMatch(refused);
  });

  test('count wherever a fragment is spread, and once where it is spread again', () => {
    const fragment = ` fragment F on Viewer { ${times(20, (i) => `a${i}: name`)} }`;
    expect(measure(`{ ${times(5, (i) => `v${i}: viewer { ...F }`)} }${fragment}`).refusal).toMatch(refused);
    expect(measure(`{ viewer { ${'...F '.repeat(5)} ... on Viewer { ...F } } }${fragment}`).refusal).toBeUndefined();
  });

  test('that are the field’s own name are none, and each operation has its own', () => {
    expect(measure(`{ ${times(99, () => '__typename: __typename')} }`).refusal).toBeUndefined();
    const operation = (name: number) => `query Q${name} { ${times(60, (i) => `a${i}: __typename`)} }`;
    expect(measure(times(2, operation)).refusal).toBeUndefined();
  });
});

describe('no document costs more steps than it may have tokens', () => {
  const bomb = (width: number, depth: number, body: string) =>
    `{ ...F0 } ${times(depth, (i) => `fragment F${i} on Query { ${`...F${i + 1} `.repeat(width)} }`)} fragment F${depth} on Query { ${body} }`;
  const written = /^With its fragments written out, the document has more than 5000 selections\. Ask/;
  const repeated = /^A field is asked for more than 100 times in one place\./;

  test.each([
    ['fragments that spread the next one twice', bomb(2, 300, '__typename'), /^(A field|With its)/],
    ['fragments that spread nothing but fragments', bomb(2, 300, '...F300'), written],
    ['the same, spread by no operation', bomb(2, 300, '...F300').replace('{ ...F0 }', '{ __typename }'), written],
    [
      'every fragment spreads all others',
      `{ ...F0 } ${times(40, (i) => `fragment F${i} on Query { ${times(40, (j) => `...F${j}`)} }`)}`,
      written,
    ],
    [
      'fragments spread by many operations',
      `${times(200, (i) => `query Q${i} { ...F }`)} fragment F on Query { ${times(50, () => '__typename')} }`,
      written,
    ],
    ['a field again and again', `{ ${'__typename '.repeat(4_900)} }`, repeated],
    ['an object again and again', `{ ${'viewer { id } '.repeat(1_200)} }`, repeated],
    ['fields again and again, level by level', `{ ${'viewer { viewer: name } '.repeat(1_000)} }`, repeated],
  ])('%s', (_what, query, refusal) => {
    const { steps, ...found } = measure(query);
    expect(found.refusal).toMatch(refusal);
    expect(steps).toBeLessThanOrEqual(limits.documentTokens + 1);
  });

  test('fragments that contain themselves are another rule’s to refuse', () => {
    expect(measure('{ ...A } fragment A on Query { ...B } fragment B on Query { ...A __typename }')).toEqual({
      steps: 4,
    });
  });
});
