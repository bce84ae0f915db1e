import { type GraphQLField, getNamedType, isCompositeType, isInterfaceType, isObjectType } from 'graphql';
import { schema } from '../../../src/graphql/schema.ts';
import type { TestApp } from '../app.ts';
import type { Ground } from './ground.ts';
import { asks, nameOf, places, table } from './table.ts';

type Field = GraphQLField<unknown, unknown>;

const fieldsOf = (type: string): Field[] => {
  const found = schema.getType(type);
  return isObjectType(found) || isInterfaceType(found) ? Object.values(found.getFields()) : [];
};

/** The types that have fields, and how each is reached, by the place's name; undefined where nobody has said how. */
function placesOf(type: string): [name: string, place: string | undefined][] {
  const said = Object.entries(places).filter(([name]) => name === type || name.startsWith(`${type}(`));
  if (said.length > 0) return said;
  const mutation = fieldsOf('Mutation').find((field) => getNamedType(field.type).name === type);
  return [[type, mutation && `mutation { ${asks[`Mutation.${mutation.name}`]} { * } }`]];
}

const types = Object.values(schema.getTypeMap())
  .filter((type) => !type.name.startsWith('__') && (isObjectType(type) || isInterfaceType(type)))
  .map(({ name }) => name);

/** What the schema has and the table does not say, or the other way round: a sentence for each. */
export function gaps(): string[] {
  const named = new Set<string>();
  const missing = types.flatMap((type) =>
    placesOf(type).flatMap(([place, way]) => {
      if (!way) return [`Say in \`places\` of test/graphql/access/table.ts how the type ${type} is reached.`];
      return fieldsOf(type).flatMap((field) => {
        const rows = variantsOf(nameOf(place, field.name));
        for (const row of rows) named.add(row);
        if (rows.length === 0) {
          return [`Say in \`rows\` of test/graphql/access/table.ts, under ${place}, who may read ${field.name}.`];
        }
        const needsAsk = field.args.some(
          ({ type: arg, defaultValue }) => String(arg).endsWith('!') && defaultValue == null,
        );
        const bare = needsAsk ? rows.filter((row) => !asks[row]) : [];
        return bare.map(
          (row) => `Say in \`asks\` of test/graphql/access/table.ts how ${row} is asked for: it has arguments.`,
        );
      });
    }),
  );
  const left = [...table.keys()].filter((row) => !named.has(row));
  return [
    ...missing,
    ...left.map((row) => `schema.graphql has no ${row}: take it out of test/graphql/access/table.ts.`),
  ];
}

/** The rows of a field: one, or one for each of its variants. */
const variantsOf = (name: string): string[] =>
  [...table.keys()].filter((row) => row === name || (!name.includes('(') && isOwnVariant(row, name)));

/** `Query.node(message)` is a way to ask for a field, `Viewer.role(owner)` a place of its type. */
const isOwnVariant = (row: string, name: string): boolean => row.startsWith(`${name}(`) && asks[row] !== undefined;

/** The operation that asks for one field of what Ann has. */
export function operationFor(row: string, ground: Ground): string {
  const [, type = '', name = '', variant] = /^(\w+)\.(\w+)(\(\w+\))?$/.exec(row) ?? [];
  const field = fieldsOf(type).find((each) => each.name === name);
  if (!field) throw new Error(`There is no ${row}.`);
  const ask = asks[row] ?? name;
  const selected = isCompositeType(getNamedType(field.type)) ? `${ask} { __typename }` : ask;
  const ways = new Map(placesOf(type));
  const place = ways.get(`${type}${variant ?? ''}`) ?? ways.get(type) ?? '';
  const ids = new Map(Object.entries(ground));
  return place.replace('*', selected).replace(/<(\w+)>/g, (_, id) => JSON.stringify(ids.get(id)));
}

const letters = { NOT_FOUND: 'N', FORBIDDEN: 'F', UNAUTHENTICATED: 'U' } as const;

/** What comes of an operation, as a letter of the table; another code as it is. */
export async function outcomeOf(app: TestApp, operation: string, token: string): Promise<string> {
  try {
    if (!operation.startsWith('subscription')) return reaches(await app.get(operation, {}, token)) ? '+' : '-';
    const events = await app.subscribe(operation, {}, token);
    // What follows a generation that has ended comes to its end; the states of others never do.
    if (!operation.startsWith('subscription { generation')) {
      await events.return?.();
      return '+';
    }
    let reached = false;
    for await (const { data, errors } of events) {
      if (errors?.[0]) throw errors[0].extensions;
      reached ||= reaches(data);
    }
    return reached ? '+' : '-';
  } catch (error) {
    const { code } = error as { code?: string };
    return letters[code as keyof typeof letters] ?? code ?? String(error);
  }
}

/** Whether there is anything at the end of what was asked for. */
function reaches(value: unknown): boolean {
  if (value == null) return false;
  return typeof value === 'object' ? Object.values(value).some(reaches) : true;
}
