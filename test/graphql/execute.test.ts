import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  buildSchema,
  type ExecutionResult,
  execute as executeByGraphql,
  type GraphQLObjectType,
  getIntrospectionQuery,
  parse,
  validate,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { execute } from '../../src/graphql/execute.ts';
import { seeded } from '../random.ts';
import { RandomDocuments } from './random-documents.ts';
import { type Course, giveValues, objectOf } from './random-values.ts';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
giveValues(schema);
const roots = [schema.getQueryType(), schema.getSubscriptionType()] as GraphQLObjectType[];

/** The answers of graphql-js and of ours. */
async function both(query: string, course: Course, variableValues = {}, rootValue?: unknown) {
  const args = { schema, document: parse(query), contextValue: course, variableValues, rootValue };
  return { expected: await executeByGraphql(args), given: [await execute(args), await execute(args)] };
}

/** Valid documents, each with a root for it. */
function* documents(count: number, seed: number) {
  const random = seeded(seed);
  const writer = new RandomDocuments(schema, random);
  for (let i = 0; i < count; ) {
    const type = roots[i % 2] as GraphQLObjectType;
    const query = writer.next(type, type.name.toLowerCase());
    if (validate(schema, parse(query)).length > 0) continue;
    const course = { seed: i++, failing: 0, later: 0 };
    yield { query, course, root: (course: Course) => objectOf(schema, course, 'root', type.name) };
  }
}

const text = (result: ExecutionResult) => JSON.stringify(result);

/** Where errors made the answer null, without which of several was the first. */
function nulledBy({ data, errors = [] }: ExecutionResult): string[] {
  const places = errors.map(({ path = [] }) => {
    let value: unknown = data;
    const depth = path.findIndex((key) => {
      if (value === null) return true;
      value = (value as Record<string | number, unknown>)[key];
      return false;
    });
    return path.slice(0, depth < 0 ? path.length : depth).join('.');
  });
  return [...new Set(places)].sort();
}

describe('the answer of graphql-js', () => {
  test.each([
    ['at once', { failing: 0, later: 0 }],
    ['at once, with errors', { failing: 0.05, later: 0 }],
    ['later', { failing: 0, later: 0.3 }],
  ])('to any document of the schema, byte by byte: %s', async (_what, how) => {
    let errors = 0;
    for (const { query, course, root } of documents(600, 1)) {
      const rooted = { ...course, ...how };
      const { expected, given } = await both(query, rooted, {}, root(rooted));
      expect(given.map(text), query).toEqual([text(expected), text(expected)]);
      errors += expected.errors?.length ?? 0;
    }
    expect(errors > 100).toBe(how.failing > 0);
  });

  test('also where errors come later: the same data, nulled at the same places', async () => {
    let errors = 0;
    for (const { query, course, root } of documents(600, 2)) {
      const rooted = { ...course, failing: 0.05, later: 0.3 };
      const { expected, given } = await both(query, rooted, {}, root(rooted));
      for (const result of given) {
        expect(JSON.stringify(result.data), query).toBe(JSON.stringify(expected.data));
        expect(nulledBy(result), query).toEqual(nulledBy(expected));
      }
      errors += nulledBy(expected).length;
    }
    expect(errors).toBeGreaterThan(100);
  });

  const course = { seed: 1, failing: 0, later: 0 };
  test.each([
    ['introspection', getIntrospectionQuery(), {}],
    ['an operation of several', 'query A { __typename } query B { viewer { id } }', {}],
    ['a name of none', '{ __proto__: __typename viewer { __proto__: id } }', {}],
    ['a variable that is missing', 'query ($id: ID!) { model(id: $id) { id } }', {}],
    ['a variable that is wrong', 'query ($last: Int!) { viewer { usageByDay(last: $last) { day } } }', { last: 'x' }],
    ['null for a condition', 'query ($no: Boolean = false) { viewer { id @include(if: $no) } }', { no: null }],
    ['null for a default', 'query ($l: Int = 5) { viewer { usageByDay(last: $l) { day } } }', { l: null }],
    ['many conditions', conditions(6), { v1: true, v5: true }],
  ])('to %s', async (_what, query, variables) => {
    const { expected, given } = await both(query, course, variables, objectOf(schema, course, 'root', 'Query'));
    expect(given.map(text)).toEqual([text(expected), text(expected)]);
  });

  test('to the same document under other conditions', async () => {
    const document = parse(conditions(3));
    for (let i = 0; i < 16; i++) {
      const variableValues = { v0: i % 2 === 0, v1: i % 4 < 2, v2: i % 8 < 4 };
      const rootValue = objectOf(schema, course, 'root', 'Query');
      const args = { schema, document, variableValues, contextValue: course, rootValue };
      expect(text(await execute(args))).toBe(text(await executeByGraphql(args)));
    }
  });
});

function conditions(count: number): string {
  const names = Array.from({ length: count }, (_, i) => `v${i}`);
  const fields = names.map((name) => `${name}: __typename @include(if: $${name})`);
  return `query (${names.map((name) => `$${name}: Boolean! = false`)}) { ${fields.join(' ')} }`;
}

test('of errors that take the place of one value, one is told', async () => {
  const small = buildSchema('type Query { both: Both at: Int } type Both { x: Int! y: Int! z: [Int!] }');
  const no = async () => Promise.reject(new Error('no'));
  const rootValue = { both: () => ({ x: no, y: no, z: [no(), 1, no()] }), at: 1 };
  const document = parse('{ both { x y z } at }');
  const { data, errors } = await execute({ schema: small, document, rootValue });
  expect([data, errors?.length]).toEqual([{ both: null, at: 1 }, 2]);
  expect(await execute({ schema: small, document: parse('{ both { z } }'), rootValue })).toMatchObject({
    data: { both: { z: null } },
    errors: [{ path: ['both', 'z', 0] }],
  });
});

test('executes the selection of a subscription on each of its events', async () => {
  const document = parse(`subscription { generation(id: "gen_a") { __typename cursor
    ... on TextAppended { position text } ... on GenerationEnded { status usage { completionTokens } } } }`);
  for (let seed = 0; seed < 50; seed++) {
    const course = { seed, failing: 0, later: 0 };
    const rootValue = { generation: objectOf(schema, course, 'event', seed % 2 ? 'TextAppended' : 'GenerationEnded') };
    const args = { schema, document, rootValue, contextValue: course };
    const result = await execute(args);
    expect(text(result)).toBe(text(await executeByGraphql(args)));
    expect(result.data?.generation).toHaveProperty('__typename');
  }
});

test.each(['Viewer', 'Nothing', 'Node'])('an event that is told to be a %s is an error', async (type) => {
  const document = parse('subscription { generation(id: "gen_a") { cursor } }');
  const { data, errors } = await execute({ schema, document, rootValue: { generation: { type } } });
  expect([data, errors?.map(({ path }) => path)]).toEqual([null, [['generation']]]);
});

test('a document of which fragments make much more than is written takes no more room than others', async () => {
  const fields = Array.from({ length: 40 }, (_, i) => `f${i}`);
  const large = buildSchema(`type Query { v: V } type V { ${fields.map((name) => `${name}: Int`).join(' ')} }`);
  const spread = Array.from({ length: 100 }, (_, i) => `a${i}: v { ...F }`);
  const text = `{ ${spread.join(' ')} } fragment F on V { ${fields.join(' ')} }`;
  const documents = Array.from({ length: 20 }, () => parse(text));
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed / documents.length / text.length;
  };
  const before = used();
  for (const document of documents) await execute({ schema: large, document, rootValue: { v: {} } });
  await new Promise((resolve) => setImmediate(resolve));
  // Bytes for each character; a field of a plan takes 230.
  expect(used() - before).toBeLessThan(230);
  expect(documents).toHaveLength(20);
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('nothing of a document is kept that nobody else keeps', async () => {
  const references = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const document = parse(`{ viewer { a${i}: id } }`);
      await execute({ schema, document, contextValue: { seed: i, failing: 0, later: 0 } });
      return new WeakRef(document);
    }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(references.filter((reference) => reference.deref())).toEqual([]);
});
