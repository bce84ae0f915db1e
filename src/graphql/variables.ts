import { type ExecutionArgs, type ExecutionResult, GraphQLError, getOperationAST, getVariableValues } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Items and entries of all variables together: room for a chat of 3,000 messages. */
const maxValues = 10_000;
/** Each error quotes the whole object that it is in, which may have all that a body may have. */
const maxErrors = 3;

/** Refuses variables that are wrong before the executor does, which finds 50 mistakes before it stops. */
export function variableLimits(mask: (error: unknown) => GraphQLError): Plugin {
  const hook = ({ args, setResultAndStopExecution }: Hook) => {
    const errors = mistakes(args);
    if (errors.length > 0) setResultAndStopExecution({ errors: errors.map((error) => mask(answered(error))) });
  };
  return { onExecute: hook, onSubscribe: hook };
}

interface Hook {
  readonly args: ExecutionArgs;
  setResultAndStopExecution(result: ExecutionResult): void;
}

function mistakes({ schema, document, operationName, variableValues }: ExecutionArgs): readonly GraphQLError[] {
  if (variableValues && hasMoreValues(variableValues, maxValues)) {
    return [new GraphQLError(`The variables have more than ${maxValues} values. Send less at once.`)];
  }
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  if (definitions.length === 0) return [];
  return getVariableValues(schema, definitions, variableValues ?? {}, { maxErrors }).errors ?? [];
}

function hasMoreValues(variables: object, most: number): boolean {
  const open: unknown[] = [variables];
  let count = 0;
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    count += Array.isArray(value) ? value.length : Object.keys(value).length;
    if (count > most) return true;
    open.push(...Object.values(value));
  }
  return false;
}

/** As what is wrong with a document is. */
const answered = ({ message, nodes, originalError }: GraphQLError) =>
  new GraphQLError(message, { nodes, originalError, extensions: { http: { status: 400, spec: true } } });
