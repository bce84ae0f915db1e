import {
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInterfaceType,
  isListType,
  isObjectType,
} from 'graphql';
import { below, seeded } from '../random.ts';

/** How values come about: what of them fails, and what of them comes later, each a share of all. */
export interface Course {
  readonly seed: number;
  readonly failing: number;
  readonly later: number;
}

interface Source {
  readonly name: string;
  readonly type: string;
}

/**
 * Gives the fields of a schema values at random, the same ones whenever the same is asked for: half of the fields have
 * resolvers, which look at all that they are given, the others are properties of their objects.
 */
export function giveValues(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isAbstractType(type)) type.resolveType = typeNameOf;
    if (type.name.startsWith('__') || !(isObjectType(type) || isInterfaceType(type))) continue;
    for (const field of Object.values(type.getFields())) {
      if (hash(`${type.name}.${field.name}`) % 2 === 0) field.resolve = resolve;
    }
  }
}

function typeNameOf({ type }: Source): string {
  if (!type) throw new Error('no type');
  return type;
}

const resolve: GraphQLFieldResolver<Source | undefined, Course> = (source, args, course, info) => {
  const { fieldName, parentType, variableValues, fieldNodes, path } = info;
  const told = [source?.name, fieldName, parentType.name, keysOf(path), args, variableValues, fieldNodes.length];
  return valueAt(info.schema, course, info.returnType, JSON.stringify(told));
};

const keysOf = (path: GraphQLResolveInfo['path'] | undefined): unknown[] =>
  path ? [...keysOf(path.prev), path.key, path.typename] : [];

/** The object at the root, or any other. */
export function objectOf(schema: GraphQLSchema, course: Course, name: string, typeName: string): object {
  const type = schema.getType(typeName);
  const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
  const object = Object.defineProperties({}, { name: { value: name }, type: { value: typeName } });
  for (const field of fields) {
    if (field.resolve || field.name === 'name' || field.name === 'type') continue;
    const get = () => valueAt(schema, course, field.type, `${name}.${field.name}`);
    // Methods are fields too, and getters may throw.
    const isMethod = field.args.length > 0 || hash(field.name) % 5 === 0;
    Object.defineProperty(object, field.name, isMethod ? { value: get } : { get });
  }
  return object;
}

function valueAt(schema: GraphQLSchema, course: Course, type: GraphQLOutputType, name: string): unknown {
  const random = seeded(hash(name) ^ course.seed);
  const fails = random() < course.failing;
  const make = () => (fails ? failure(name, below(random, 5)) : madeOf(schema, course, type, name, random));
  // An item that fails at once, beside one that fails later, is a rejection that graphql-js leaves unhandled.
  const isLater = random() < course.later || (fails && course.later > 0);
  return isLater ? turns(below(random, 4)).then(make) : make();
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

function madeOf(
  schema: GraphQLSchema,
  course: Course,
  type: GraphQLOutputType,
  name: string,
  random: () => number,
): unknown {
  const inner = getNullableType(type);
  if (isListType(inner)) {
    const items = Array.from({ length: below(random, 4) }, (_, i) =>
      valueAt(schema, course, inner.ofType, `${name}.${i}`),
    );
    return random() < 0.2 ? new Set(items) : items;
  }
  if (isObjectType(inner)) return objectOf(schema, course, name, inner.name);
  if (isAbstractType(inner)) {
    const types = schema.getPossibleTypes(inner);
    return objectOf(schema, course, name, types[below(random, types.length)]?.name ?? '');
  }
  if (isEnumType(inner)) return inner.getValues()[0]?.value;
  return { Int: 7, Float: 0.5, Boolean: false }[inner.name] ?? `${inner.name} of ${hash(name)}`;
}

function failure(name: string, which: number): unknown {
  if (which === 0) throw new Error(`${hash(name)} failed`);
  if (which === 1) throw `${hash(name)} failed in words`;
  if (which === 2) return new Error(`${hash(name)} is an error`);
  return which === 3 ? null : Symbol('of no type');
}

function hash(text: string): number {
  let value = 2166136261;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 16777619) >>> 0;
  return value;
}
