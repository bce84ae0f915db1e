import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { expect, test } from 'vitest';
import { maskError } from '../../src/graphql/errors.ts';

const prompt = 'My whale is white';
const schema = makeExecutableSchema({
  typeDefs: `
    type Query { union: Either list: [Int] enum: Role int: Int text: String argument(id: Int! = 1): Int }
    type A { id: ID } type B { id: ID } union Either = A | B
    enum Role { USER }`,
  resolvers: {
    Query: {
      union: () => ({ prompt }),
      list: () => prompt,
      enum: () => prompt,
      int: () => prompt,
      text: () => ({ prompt }),
    },
    Either: { __resolveType: ({ prompt: said }: { prompt: string }) => said },
  },
});

/** The masked error of a query, and what the log is told. */
async function masked(source: string, variableValues = {}) {
  const { errors = [] } = await graphql({ schema, source, variableValues });
  const told: unknown[] = [];
  const [error] = errors.map((each) => maskError(each, (cause) => told.push(cause)));
  return { error, told, again: maskError(error, (cause) => told.push(cause)) };
}

test.each(['union { __typename }', 'list', 'enum', 'int', 'text'])(
  'a value that does not fit the schema is internal, and neither told nor logged: %s',
  async (field) => {
    const { error, again, told } = await masked(`{ ${field} }`);
    expect(error?.extensions.code).toBe('INTERNAL');
    // It may come by the mask again: it keeps its id.
    expect(again).toBe(error);
    expect(told).toHaveLength(1);
    const { message } = told[0] as Error;
    expect(message).toMatch(field === 'list' ? /^Expected Iterable/ : new RegExp(`^${field.split(' ', 1)[0]}: .* …$`));
    expect(`${error?.message} ${message}`).not.toMatch('whale');
  },
);

test('an argument that is found wrong while the answer is made is still the client’s', async () => {
  const { error, told } = await masked('query ($id: Int) { argument(id: $id) }', { id: null });
  expect([error?.extensions, told]).toEqual([{ code: 'BAD_USER_INPUT' }, []]);
});
