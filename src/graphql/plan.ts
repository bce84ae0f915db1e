import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';

/** What a plan is made from. */
interface Asked {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Record<string, FragmentDefinitionNode>;
  /** The variables that `@skip` and `@include` look at: as long as these are the same, so is what is asked for. */
  readonly conditions: Readonly<Record<string, unknown>>;
}

/** What an operation asks for, looked up in the schema once and not for every object of every answer. */
export class Plan {
  readonly asked: Asked;
  #fields: readonly FieldPlan[] | undefined;

  constructor(asked: Asked) {
    this.asked = asked;
  }

  /** Of the root. @throws GraphQLError where a condition has no value */
  get fields(): readonly FieldPlan[] {
    this.#fields ??= this.#rootFields();
    return this.#fields;
  }

  #rootFields(): readonly FieldPlan[] {
    const { schema, operation, fragments, conditions } = this.asked;
    const type = schema.getRootType(operation.operation) as GraphQLObjectType;
    return plansOf(this.asked, type, collectFields(schema, fragments, conditions, type, operation.selectionSet));
  }
}

/** A field that is asked for, with what the schema says of it. */
export class FieldPlan {
  /** Its name in the answer. */
  readonly key: string;
  readonly nodes: readonly FieldNode[];
  readonly parent: GraphQLObjectType;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly value: ValuePlan;

  constructor(asked: Asked, definition: FieldPlan['definition'], place: Pick<FieldPlan, 'key' | 'nodes' | 'parent'>) {
    this.key = place.key;
    this.nodes = place.nodes;
    this.parent = place.parent;
    this.definition = definition;
    this.value = new ValuePlan(asked, definition.type, place.nodes);
  }
}

/** What the value of a field, or an item of it, is: one of a leaf, a list of items, an object, and one of several types of objects. */
export class ValuePlan {
  readonly nonNull: boolean;
  readonly leaf: GraphQLLeafType | undefined;
  readonly item: ValuePlan | undefined;
  readonly object: GraphQLObjectType | undefined;
  readonly abstract: GraphQLAbstractType | undefined;
  readonly #asked: Asked;
  readonly #nodes: readonly FieldNode[];
  #fields: Map<GraphQLObjectType, readonly FieldPlan[]> | undefined;

  constructor(asked: Asked, type: GraphQLOutputType, nodes: readonly FieldNode[]) {
    const inner = getNullableType(type);
    this.nonNull = isNonNullType(type);
    this.leaf = isLeafType(inner) ? inner : undefined;
    this.item = isListType(inner) ? new ValuePlan(asked, inner.ofType, nodes) : undefined;
    this.object = isObjectType(inner) ? inner : undefined;
    this.abstract = isAbstractType(inner) ? inner : undefined;
    this.#asked = asked;
    this.#nodes = nodes;
  }

  /** What is asked for of an object, looked up when the first of its type comes along. */
  fieldsOf(type: GraphQLObjectType): readonly FieldPlan[] {
    const known = this.#fields?.get(type);
    if (known) return known;
    const { schema, fragments, conditions } = this.#asked;
    const fields = plansOf(this.#asked, type, collectSubfields(schema, fragments, conditions, type, this.#nodes));
    this.#fields ??= new Map();
    this.#fields.set(type, fields);
    return fields;
  }

  /** The type of this name, if it is one of those that an abstract type stands for. */
  typeNamed(name: unknown): GraphQLObjectType | undefined {
    const { schema } = this.#asked;
    const type = typeof name === 'string' ? schema.getType(name) : undefined;
    return this.abstract && isObjectType(type) && schema.isSubType(this.abstract, type) ? type : undefined;
  }
}

function plansOf(
  asked: Asked,
  parent: GraphQLObjectType,
  collected: ReadonlyMap<string, readonly FieldNode[]>,
): readonly FieldPlan[] {
  return [...collected].flatMap(([key, nodes]) => {
    const definition = definitionOf(asked.schema, parent, nodes[0]?.name.value ?? '');
    return definition ? [new FieldPlan(asked, definition, { key, nodes, parent })] : [];
  });
}

function definitionOf(schema: GraphQLSchema, parent: GraphQLObjectType, name: string) {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  const meta = [SchemaMetaFieldDef, TypeMetaFieldDef].find((field) => field.name === name);
  return meta && parent === schema.getQueryType() ? meta : parent.getFields()[name];
}
