import {
  type ASTVisitor,
  type FieldNode,
  GraphQLError,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { defaultSize, maxSize } from './connections.ts';

/**
 * The most objects that one answer may have, counted by what its lists may hold. It is room for 50 conversations with 50
 * messages each, and all that belongs to those; lists nested a level deeper are far beyond it.
 */
const maxObjects = 50_000;
/** The deepest that fields may be nested; GraphiQL's introspection has 13. */
const maxDepth = 20;

type Type = ReturnType<typeof getNamedType>;

/**
 * Refuses operations whose answers could grow beyond all measure: lists within lists within lists. Each connection
 * counts as many objects as it is asked for (100 where a variable says how many), times those it is part of.
 */
export function limitsRule(context: ValidationContext): ASTVisitor {
  return {
    OperationDefinition(operation) {
      const schema = context.getSchema();
      const root = schema.getRootType(operation.operation);
      const cost = new Cost(context);
      cost.add(operation.selectionSet, root ?? undefined, 1, 1);
      if (cost.deepest > maxDepth) {
        context.reportError(
          new GraphQLError(`Fields are nested ${cost.deepest} deep; ${maxDepth} are allowed.`, { nodes: operation }),
        );
      } else if (cost.objects > maxObjects) {
        const message = `The answer could have more than ${maxObjects} objects. Ask for smaller pages, or for fewer lists within lists.`;
        context.reportError(new GraphQLError(message, { nodes: operation }));
      }
    },
  };
}

class Cost {
  objects = 0;
  deepest = 0;
  readonly #context: ValidationContext;
  readonly #open = new Set<string>();

  constructor(context: ValidationContext) {
    this.#context = context;
  }

  /** Counts a selection on `type` that stands in the answer `times`; no further than what is refused anyway. */
  add({ selections }: SelectionSetNode, type: Type, times: number, depth: number): void {
    this.deepest = Math.max(this.deepest, depth);
    if (this.objects > maxObjects || depth > maxDepth) return;
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) this.#addField(selection, type, times, depth);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const name = selection.typeCondition?.name.value;
        const on = name ? this.#context.getSchema().getType(name) : type;
        this.add(selection.selectionSet, on, times, depth);
      } else this.#addFragment(selection.name.value, times, depth);
    }
  }

  #addField(field: FieldNode, type: Type, times: number, depth: number): void {
    if (!field.selectionSet) return;
    const fields = isObjectType(type) || isInterfaceType(type) ? type.getFields() : {};
    const result = getNamedType(fields[field.name.value]?.type);
    const each = isCompositeType(result) && result.name.endsWith('Connection') ? sizeOf(field) : 1;
    this.objects += times * each;
    this.add(field.selectionSet, result, times * each, depth + 1);
  }

  /** Fragments that contain themselves are another rule's to refuse. */
  #addFragment(name: string, times: number, depth: number): void {
    const fragment = this.#context.getFragment(name);
    if (!fragment || this.#open.has(name)) return;
    this.#open.add(name);
    const on = this.#context.getSchema().getType(fragment.typeCondition.name.value);
    this.add(fragment.selectionSet, on, times, depth);
    this.#open.delete(name);
  }
}

function sizeOf({ arguments: given = [] }: FieldNode): number {
  const size = given.find(({ name }) => name.value === 'first' || name.value === 'last')?.value;
  if (!size) return defaultSize;
  return size.kind === Kind.INT ? Math.min(maxSize, Math.max(0, Number(size.value))) : maxSize;
}
