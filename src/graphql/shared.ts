import {
  type DocumentNode,
  type ExecutionArgs,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  TypeInfo,
  type TypeNode,
  type VariableDefinitionNode,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Answer } from './answers.ts';

type Answering = Answer | Promise<Answer>;

/** The type of the one variable in which those who ask the same may differ: where each of them goes on from. */
const cursorType = 'Cursor';
/** Stands in schema.graphql on each field whose value depends on who asks. */
const viewerDependent = 'viewerDependent';

/** Those who ask the same, as long as there are any. */
class Group {
  users = 0;
  readonly #make: (event: object) => Answering;
  /** As long as somebody is still to get the event. */
  readonly #byEvent = new WeakMap<object, Answering>();

  constructor(make: (event: object) => Answering) {
    this.#make = make;
  }

  readonly answer = (event: object): Answering => {
    const known = this.#byEvent.get(event);
    if (known) return known;
    const answer = this.#make(event);
    this.#byEvent.set(event, answer);
    return answer;
  };
}

/**
 * One execution and one JSON for all who ask the same of the same event: the same document, operation and variables. An
 * operation that selects a field which depends on its viewer is nobody else's.
 */
export class SharedAnswers {
  readonly #groups = new Map<string, Group>();
  readonly #documents = new WeakMap<DocumentNode, string | null>();
  #count = 0;

  /** What all have in common who ask the same; undefined where the operation depends on its viewer. */
  keyOf({ schema, document, operationName, variableValues }: ExecutionArgs): string | undefined {
    const name = this.#nameOf(document, schema);
    if (name === null) return undefined;
    const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
    const values = definitions.filter(isNoCursor).map(({ variable }) => {
      const value = variableValues?.[variable.name.value];
      // One that is left out may have a default.
      return value === undefined ? [] : [value];
    });
    return JSON.stringify([name, operationName ?? null, values]);
  }

  /** Gives what answers all with this key; the first who joins says how. `leave` once for every `join`. */
  join(key: string, make: (event: object) => Answering): (event: object) => Answering {
    const group = this.#groups.get(key) ?? new Group(make);
    this.#groups.set(key, group);
    group.users++;
    return group.answer;
  }

  leave(key: string): void {
    const group = this.#groups.get(key);
    if (group && --group.users === 0) this.#groups.delete(key);
  }

  /** A name of the document's own; null for one that depends on its viewer. */
  #nameOf(document: DocumentNode, schema: GraphQLSchema): string | null {
    const known = this.#documents.get(document);
    if (known !== undefined) return known;
    const name = dependsOnViewer(document, schema) ? null : String(this.#count++);
    this.#documents.set(document, name);
    return name;
  }
}

/** Whether any of its operations and fragments selects a field that does. */
function dependsOnViewer(document: DocumentNode, schema: GraphQLSchema): boolean {
  const types = new TypeInfo(schema);
  let depends = false;
  const visitor = {
    Field() {
      const directives = types.getFieldDef()?.astNode?.directives ?? [];
      depends ||= directives.some(({ name }) => name.value === viewerDependent);
    },
  };
  visit(document, visitWithTypeInfo(types, visitor));
  return depends;
}

const isNoCursor = ({ type }: VariableDefinitionNode): boolean => nameOf(type) !== cursorType;

const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));
