import { GraphQLError, Kind, type ValueNode } from 'graphql';

const text = (what: string, value: unknown): string => {
  if (typeof value === 'string') return value;
  throw new GraphQLError(`A ${what} is a string.`);
};

const literal = (node: ValueNode): unknown => (node.kind === Kind.STRING ? node.value : undefined);

// Their descriptions are in the schema: a GraphQLScalarType would bring its own, or none, in their place.

export const Cursor = {
  serialize: (value: unknown) => text('Cursor', value),
  parseValue: (value: unknown) => text('Cursor', value),
  parseLiteral: (node: ValueNode) => text('Cursor', literal(node)),
};

/** `2026-11-22`, inside and outside. */
export const Day = {
  serialize: (value: unknown) => text('Date', value),
  parseValue: (value: unknown) => text('Date', value),
  parseLiteral: (node: ValueNode) => text('Date', literal(node)),
};

/** Milliseconds since 1970 inside, RFC 3339 outside. */
export const DateTime = {
  serialize: (value: unknown) => new Date(Number(value)).toISOString(),
  parseValue: (value: unknown) => parse(text('DateTime', value)),
  parseLiteral: (node: ValueNode) => parse(text('DateTime', literal(node))),
};

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

function parse(value: string): number {
  const time = rfc3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time))
    throw new GraphQLError(`${JSON.stringify(value)} is no DateTime: write 2026-11-22T18:44:24.123Z.`);
  return time;
}
