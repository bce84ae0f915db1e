import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from 'graphql';
import { maxLinks } from '../domain/sharing.ts';
import { defaultSize, maxSize, mostDays } from './connections.ts';
import type { OperationLimits } from './limits.ts';

type Type = GraphQLNamedType | undefined;

/** A field of the answer. Whoever asks for it again in the same place gets the same. */
interface Place {
  readonly fields: Map<string, Place>;
  asked: number;
  objects: number;
}

/** Fragments of one page may well ask for the same field; so often only an attack does, on rules that compare all pairs. */
const maxRepeats = 100;
/** Each does what an operation does, and operations are what is counted by the second. */
const mostChanges = 10;
/** Fields without a selection to each object that there may be: with ids and times they are most of an answer. */
const valuesPerObject = 5;
/** A subscription may have this part of a query's objects: each of its events is an answer, and nobody counts those. */
const eventShare = 1 / 50;
/** What any other list without pages counts as: they hold what is configured, not what viewers add. */
const unpagedSize = 10;

const newPlace = (): Place => ({ fields: new Map(), asked: 0, objects: 0 });

/**
 * Measures a document before anything else looks at it. It takes a step for each selection, with fragments taken anew
 * wherever they are spread, and no more steps than a document may have tokens.
 */
export class Cost {
  /** Steps taken. */
  steps = 0;
  readonly #limits: OperationLimits;
  readonly #schema: GraphQLSchema;
  readonly #document: DocumentNode;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #open = new Set<string>();
  readonly #spread = new Set<string>();
  #aliases = 0;
  #objects = 0;
  #values = 0;
  /** Objects that what is measured may have. */
  #most = 0;

  constructor(limits: OperationLimits, schema: GraphQLSchema, document: DocumentNode) {
    this.#limits = limits;
    this.#schema = schema;
    this.#document = document;
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
    }
  }

  /** Takes every operation for itself, and every fragment that none has spread. @throws GraphQLError for what is too much */
  check(): void {
    for (const definition of this.#document.definitions) {
      if (definition.kind === Kind.OPERATION_DEFINITION) {
        const share = definition.operation === OperationTypeNode.SUBSCRIPTION ? eventShare : 1;
        this.#check(definition, this.#rootOf(definition), share);
      }
    }
    for (const [name, fragment] of this.#fragments) {
      if (!this.#spread.has(name)) this.#check(fragment, this.#schema.getType(fragment.typeCondition.name.value));
    }
  }

  #rootOf({ operation }: OperationDefinitionNode): Type {
    return this.#schema.getRootType(operation) ?? undefined;
  }

  #check({ selectionSet }: { selectionSet: SelectionSetNode }, type: Type, share = 1): void {
    this.#aliases = 0;
    this.#objects = 0;
    this.#values = 0;
    this.#most = Math.ceil(this.#limits.objects * share);
    const root = newPlace();
    this.#addAll(selectionSet, type, root, 1, 1);
    if (type === this.#schema.getMutationType() && root.fields.size > mostChanges) {
      const message = `The operation has more than ${mostChanges} mutations. Send them in several operations.`;
      refuse(selectionSet.selections[0], message);
    }
  }

  /** Counts a selection on `type` that stands in the answer `times`. */
  #addAll(set: SelectionSetNode, type: Type, place: Place, times: number, depth: number): void {
    const { depth: deepest, documentTokens } = this.#limits;
    if (depth > deepest) {
      refuse(set.selections[0], `Fields are nested more than ${deepest} deep. Ask for what is deeper by its id.`);
    }
    for (const selection of set.selections) {
      this.steps++;
      if (this.steps > documentTokens) {
        refuse(
          selection,
          `With its fragments written out, the document has more than ${documentTokens} selections. Ask for less, or in several documents.`,
        );
      }
      if (selection.kind === Kind.FIELD) this.#addField(selection, type, place, times, depth);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const name = selection.typeCondition?.name.value;
        this.#addAll(selection.selectionSet, name ? this.#schema.getType(name) : type, place, times, depth);
      } else this.#addFragment(selection.name.value, place, times, depth);
    }
  }

  #addField(field: FieldNode, type: Type, place: Place, times: number, depth: number): void {
    const inner = this.#placeOf(field, place);
    if (!field.selectionSet) {
      this.#addValue(field, inner, times);
      return;
    }
    const definition = fieldOf(type, field.name.value);
    const result = definition && getNamedType(definition.type);
    const objects = times * sizeOf(field, type, definition);
    this.#objects += Math.max(0, objects - inner.objects);
    inner.objects = Math.max(objects, inner.objects);
    if (this.#objects > this.#most) {
      refuse(
        field,
        `The answer could have more than ${this.#most} objects. Ask for smaller pages, or for fewer lists within lists.`,
      );
    }
    this.#addAll(field.selectionSet, result, inner, objects, depth + 1);
  }

  #addValue(field: FieldNode, place: Place, times: number): void {
    this.#values += Math.max(0, times - place.objects);
    place.objects = Math.max(times, place.objects);
    const most = this.#most * valuesPerObject;
    if (this.#values > most) {
      refuse(field, `The answer could have more than ${most} values. Ask for fewer fields, or for smaller pages.`);
    }
  }

  #placeOf(field: FieldNode, { fields }: Place): Place {
    const name = field.alias?.value ?? field.name.value;
    const place = fields.get(name) ?? newPlace();
    if (!fields.has(name)) {
      fields.set(name, place);
      if (name !== field.name.value) this.#aliases++;
      const { aliases } = this.#limits;
      if (this.#aliases > aliases) {
        refuse(field, `The operation has more than ${aliases} aliases. Ask for fewer, in several operations.`);
      }
    }
    place.asked++;
    if (place.asked > maxRepeats) {
      refuse(field, `A field is asked for more than ${maxRepeats} times in one place. Once is enough.`);
    }
    return place;
  }

  /** Fragments that contain themselves, or that do not exist, are other rules' to refuse. */
  #addFragment(name: string, place: Place, times: number, depth: number): void {
    const fragment = this.#fragments.get(name);
    if (!fragment || this.#open.has(name)) return;
    this.#spread.add(name);
    this.#open.add(name);
    const type = this.#schema.getType(fragment.typeCondition.name.value);
    this.#addAll(fragment.selectionSet, type, place, times, depth);
    this.#open.delete(name);
  }
}

function fieldOf(type: Type, name: string): GraphQLField<unknown, unknown> | undefined {
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}

/** How many objects a field has in each that it belongs to: those of a connection are counted with the connection. */
function sizeOf(field: FieldNode, parent: Type, definition: GraphQLField<unknown, unknown> | undefined): number {
  if (!definition) return 1;
  const type = getNamedType(definition.type);
  if (isConnection(type)) return sizeGiven(field, defaultSize, maxSize);
  if (!isListType(getNullableType(definition.type)) || isConnection(parent)) return 1;
  if (type.name === 'ShareLink') return maxLinks;
  const last = definition.args.find(({ name }) => name === 'last');
  return last ? sizeGiven(field, Number(last.defaultValue), mostDays) : unpagedSize;
}

const isConnection = (type: Type): boolean => type?.name.endsWith('Connection') === true;

/** The largest where a variable says it: what is valid once is so for all its values. */
function sizeGiven({ arguments: given = [] }: FieldNode, byDefault: number, most: number): number {
  const size = given.find(({ name }) => name.value === 'first' || name.value === 'last')?.value;
  if (!size) return byDefault;
  return size.kind === Kind.INT ? Math.min(most, Math.max(0, Number(size.value))) : most;
}

function refuse(node: SelectionNode | undefined, message: string): never {
  throw new GraphQLError(message, { nodes: node });
}
