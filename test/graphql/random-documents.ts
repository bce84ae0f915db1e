import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { below } from '../random.ts';

const variables = [
  ['$yes', 'Boolean! = true'],
  ['$no', 'Boolean = false'],
  ['$last', 'Int! = 3'],
] as const;

/** Writes documents for a schema at random. Some are not valid. */
export class RandomDocuments {
  readonly #schema: GraphQLSchema;
  readonly #random: () => number;
  #aliases = 0;
  #fragments: string[] = [];

  constructor(schema: GraphQLSchema, random: () => number) {
    this.#schema = schema;
    this.#random = random;
  }

  /** An operation on one field of the root. */
  next(root: GraphQLObjectType, operation: string): string {
    this.#fragments = [];
    const selection = `{ ${this.#field(root.getFields(), 1)} }`;
    const text = [selection, ...this.#fragments].join('\n');
    const used = variables.filter(([name]) => text.includes(name)).map((definition) => definition.join(': '));
    return `${operation} Some${used.length > 0 ? `(${used})` : ''} ${text}`;
  }

  #selection(type: GraphQLNamedType, depth: number): string {
    const parts = Array.from({ length: 1 + below(this.#random, 4) }, () => this.#part(type, depth));
    return `{ ${parts.join(' ')} }`;
  }

  #part(type: GraphQLNamedType, depth: number): string {
    const kind = this.#random();
    if (kind < 0.08) return `__typename${this.#condition()}`;
    if (depth < 5 && (kind < 0.2 || (isAbstractType(type) && kind < 0.7))) return this.#fragment(type, depth);
    return isObjectType(type) || isInterfaceType(type) ? this.#field(type.getFields(), depth) : '__typename';
  }

  #fragment(type: GraphQLNamedType, depth: number): string {
    const types = isAbstractType(type) ? this.#schema.getPossibleTypes(type) : [type];
    const on = types[below(this.#random, types.length)] ?? type;
    const selection = this.#selection(on, depth + 1);
    if (this.#random() < 0.5) return `... on ${on.name}${this.#condition()} ${selection}`;
    const name = `Part${this.#fragments.length}`;
    this.#fragments.push(`fragment ${name} on ${on.name} ${selection}`);
    // Twice, of which the first may be left out.
    return `...${name}${this.#condition()} ...${name}`;
  }

  #field(fields: Record<string, GraphQLField<unknown, unknown>>, depth: number): string {
    const all = Object.values(fields);
    const field = all[below(this.#random, all.length)] as (typeof all)[number];
    const type = getNamedType(field.type);
    if (isCompositeType(type) && depth >= 5) return '__typename';
    const given = field.args.filter((arg) => isRequired(arg) || this.#random() < 0.5);
    const values = given.map((arg) => `${arg.name}: ${this.#value(arg)}`);
    const alias = values.length > 0 || this.#random() < 0.3 ? `a${this.#aliases++}: ` : '';
    const selection = isCompositeType(type) ? this.#selection(type, depth + 1) : '';
    return `${alias}${field.name}${values.length > 0 ? `(${values})` : ''}${depth > 1 ? this.#condition() : ''}${selection}`;
  }

  #value({ type }: GraphQLArgument): string {
    const named = getNamedType(type);
    if (!isNonNullType(type) && this.#random() < 0.2) return 'null';
    if (isEnumType(named)) return named.getValues()[0]?.name ?? '';
    if (named.name === 'Int') return this.#random() < 0.4 ? '$last' : String(below(this.#random, 100));
    return JSON.stringify(`id ${below(this.#random, 3)}`);
  }

  #condition(): string {
    if (this.#random() < 0.85) return '';
    const values = ['true', 'false', '$yes', '$no'];
    return ` @${this.#random() < 0.5 ? 'skip' : 'include'}(if: ${values[below(this.#random, values.length)]})`;
  }
}

const isRequired = ({ type, defaultValue }: GraphQLArgument): boolean =>
  isNonNullType(type) && defaultValue === undefined;
