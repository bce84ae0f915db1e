import {
  defaultFieldResolver,
  type ExecutionResult,
  type FieldNode,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  getArgumentValues,
  locatedError,
} from 'graphql';
import type { FieldPlan, Plan, ValuePlan } from './plan.ts';

interface Given {
  readonly root: unknown;
  readonly context: unknown;
  readonly variables: Record<string, unknown>;
}

/** An object or a list of the answer, which is filled in as its values come. */
type Holder = Record<string | number, unknown>;

/** Where a value stands in the answer. */
class Place {
  readonly prev: Place | undefined;
  readonly key: string | number;
  readonly typename: string | undefined;
  readonly holder: Holder;
  /** Whether null may not stand there: then an error is told further up. */
  readonly nonNull: boolean;
  /** An error took the place of the value: no other within it is told of. */
  failed = false;

  constructor(prev: Place | undefined, holder: Holder, key: string | number, nonNull: boolean, typename?: string) {
    this.prev = prev;
    this.key = key;
    this.typename = typename;
    this.holder = holder;
    this.nonNull = nonNull;
  }

  get path(): readonly (string | number)[] {
    const path: (string | number)[] = [];
    for (let at: Place | undefined = this; at; at = at.prev) path.push(at.key);
    return path.reverse();
  }
}

const placeOf = (field: FieldPlan, holder: Holder, parent: Place | undefined) =>
  new Place(parent, holder, field.key, field.value.nonNull, field.parent.name);

const noArguments = {};

/**
 * One execution of a plan: values are written where they belong as they come, and the answer is done when none is awaited
 * any more. https://spec.graphql.org/October2021/#sec-Executing-Requests
 */
export class Execution {
  readonly #plan: Plan;
  readonly #given: Given;
  readonly #arguments = new Map<FieldPlan, Record<string, unknown>>();
  readonly #errors: GraphQLError[] = [];
  #data: Holder | null = null;
  /** An error took the place of all data. */
  #failed = false;
  #awaited = 0;
  #finish: ((result: ExecutionResult) => void) | undefined;

  constructor(plan: Plan, given: Given) {
    this.#plan = plan;
    this.#given = given;
  }

  /** The answer; a promise of it only where a resolver gives one. That never rejects. */
  run(): Promise<ExecutionResult> | ExecutionResult {
    try {
      this.#data = this.#object(this.#plan.fields, this.#given.root, undefined);
    } catch (error) {
      this.#note(error as GraphQLError, undefined);
    }
    if (this.#awaited === 0) return this.#result();
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  #result(): ExecutionResult {
    const data = this.#failed ? null : this.#data;
    return this.#errors.length === 0 ? { data } : { errors: this.#errors, data };
  }

  #object(fields: readonly FieldPlan[], source: unknown, place: Place | undefined): Holder {
    const answer: Holder = {};
    for (const field of fields) answer[field.key] = this.#field(field, source, answer, place);
    return answer;
  }

  /** What stands in the answer for now: null for a value that is awaited. @throws GraphQLError where null may not stand there */
  #field(field: FieldPlan, source: unknown, holder: Holder, parent: Place | undefined): unknown {
    let place: Place | undefined;
    try {
      const { name, resolve = defaultFieldResolver } = field.definition;
      let value = resolve === defaultFieldResolver ? propertyOf(source, name) : undefined;
      if (resolve !== defaultFieldResolver || typeof value === 'function') {
        place = placeOf(field, holder, parent);
        value = resolve(source, this.#argumentsOf(field), this.#given.context, this.#info(field, place));
      }
      // Most are leaves: a place is for those that something may be told of.
      if (field.value.leaf && !isPromise(value)) return this.#complete(field.value, value, field, place);
      place ??= placeOf(field, holder, parent);
      return this.#await(field.value, value, field, place);
    } catch (thrown) {
      return this.#catch(thrown, field, place ?? placeOf(field, holder, parent));
    }
  }

  #await(plan: ValuePlan, value: unknown, field: FieldPlan, place: Place): unknown {
    if (!isPromise(value)) return this.#complete(plan, value, field, place);
    this.#awaited++;
    Promise.resolve(value).then(
      (resolved) => {
        try {
          place.holder[place.key] = this.#complete(plan, resolved, field, place);
        } catch (error) {
          this.#fail(error, field, place);
        }
        this.#done();
      },
      (error) => {
        this.#fail(error, field, place);
        this.#done();
      },
    );
    return null;
  }

  /** @throws what is wrong with the value */
  #complete(plan: ValuePlan, value: unknown, field: FieldPlan, place: Place | undefined): unknown {
    if (value instanceof Error) throw value;
    if (value == null) {
      if (plan.nonNull) throw new Error(`Cannot return null for non-nullable field ${nameOf(field)}.`);
      return null;
    }
    if (plan.leaf) {
      const leaf = plan.leaf.serialize(value);
      if (leaf == null) throw new Error(`A value of ${nameOf(field)} can't be written as ${plan.leaf}.`);
      return leaf;
    }
    if (plan.item) return this.#list(plan.item, value, field, place);
    const type = plan.object ?? this.#typeOf(plan, value, field, place as Place);
    return this.#object(plan.fieldsOf(type), value, place);
  }

  #list(plan: ValuePlan, value: unknown, field: FieldPlan, place: Place | undefined): unknown[] {
    if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
      throw new GraphQLError(`Expected Iterable, but did not find one for field "${nameOf(field)}".`);
    }
    const answer: unknown[] = [];
    for (const item of value as Iterable<unknown>) answer.push(this.#item(plan, item, field, answer, place));
    return answer;
  }

  #item(plan: ValuePlan, item: unknown, field: FieldPlan, list: unknown[], parent: Place | undefined): unknown {
    const place = new Place(parent, list as unknown as Holder, list.length, plan.nonNull);
    try {
      return this.#await(plan, item, field, place);
    } catch (thrown) {
      return this.#catch(thrown, field, place);
    }
  }

  #typeOf(plan: ValuePlan, value: unknown, field: FieldPlan, place: Place): GraphQLObjectType {
    const { abstract } = plan;
    const name = abstract?.resolveType?.(value, this.#given.context, this.#info(field, place), abstract);
    const type = plan.typeNamed(name);
    if (!type) throw new Error(`A value of ${nameOf(field)} was told to be of type ${name}, which is no ${abstract}.`);
    return type;
  }

  #argumentsOf(field: FieldPlan): Record<string, unknown> {
    const { definition, nodes } = field;
    if (definition.args.length === 0) return noArguments;
    const known = this.#arguments.get(field);
    if (known) return known;
    const given = getArgumentValues(definition, nodes[0] as FieldNode, this.#given.variables);
    this.#arguments.set(field, given);
    return given;
  }

  #info({ definition, nodes, parent }: FieldPlan, path: Place): GraphQLResolveInfo {
    const { schema, operation, fragments } = this.#plan.asked;
    return {
      fieldName: definition.name,
      fieldNodes: nodes,
      returnType: definition.type,
      parentType: parent,
      path,
      schema,
      fragments,
      rootValue: this.#given.root,
      operation,
      variableValues: this.#given.variables,
    };
  }

  /** What went wrong while the values around it were still being made. @throws GraphQLError for those to fail of, where null may not stand there */
  #catch(thrown: unknown, field: FieldPlan, place: Place): null {
    const error = locatedError(thrown, field.nodes, place.path);
    if (place.nonNull) throw error;
    this.#note(error, place);
    return null;
  }

  /** What went wrong later: the nearest value around it that may be null becomes that. */
  #fail(thrown: unknown, field: FieldPlan, place: Place): void {
    let at: Place | undefined = place;
    while (at?.nonNull) at = at.prev;
    if (at) at.holder[at.key] = null;
    this.#note(locatedError(thrown, field.nodes, place.path), at);
  }

  #note(error: GraphQLError, place: Place | undefined): void {
    for (let at = place; at; at = at.prev) if (at.failed) return;
    if (this.#failed) return;
    if (place) place.failed = true;
    else this.#failed = true;
    this.#errors.push(error);
  }

  #done(): void {
    this.#awaited--;
    if (this.#awaited === 0) this.#finish?.(this.#result());
  }
}

const nameOf = ({ parent, definition }: FieldPlan): string => `${parent.name}.${definition.name}`;

const propertyOf = (source: unknown, name: string): unknown =>
  typeof source === 'object' && source !== null ? (source as Holder)[name] : undefined;

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
