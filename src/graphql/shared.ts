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

/**
 * One execution and one JSON for all who ask the same of the same event: the same document, operation and variables. An
 * operation that selects a field which depends on its viewer is nobody else's.
 */
export class SharedAnswers {
  /** What was answered, as long as somebody is still to get the event. */
  readonly #byEvent = new WeakMap<object, Map<string, Answering>>();
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

  /** The answer to `event` for all with this key: made by the first who asks. */
  get(event: object, key: string, make: () => Answering): Answering {
    let answers = this.#byEvent.get(event);
    if (!answers) {
      answers = new Map();
      this.#byEvent.set(event, answers);
    }
    let answer = answers.get(key);
    if (!answer) {
      answer = make();
      answers.set(key, answer);
    }
    return answer;
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
