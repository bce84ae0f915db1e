import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

const text = (what: string, value: unknown): string => {
  if (typeof value === 'string') return value;
  throw new GraphQLError(`A ${what} is a string.`);
};

export const Cursor = new GraphQLScalarType<string, string>({
  name: 'Cursor',
  serialize: (value) => text('Cursor', value),
  parseValue: (value) => text('Cursor', value),
  parseLiteral: (node) => text('Cursor', node.kind === Kind.STRING ? node.value : undefined),
});

/** Milliseconds since 1970 inside, RFC 3339 outside. */
export const DateTime = new GraphQLScalarType<number, string>({
  name: 'DateTime',
  serialize: (value) => new Date(Number(value)).toISOString(),
  parseValue: (value) => parse(text('DateTime', value)),
  parseLiteral: (node) => parse(text('DateTime', node.kind === Kind.STRING ? node.value : undefined)),
});

function parse(value: string): number {
  const time = Date.parse(value);
  if (Number.isNaN(time))
    throw new GraphQLError(`${JSON.stringify(value)} is no DateTime: write 2026-11-22T18:44:24.123Z.`);
  return time;
}
