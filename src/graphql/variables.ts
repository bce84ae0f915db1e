import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  getOperationAST,
  getVariableValues,
  type ValidationRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isKeepable } from '../domain/text.ts';
import { refusal } from './errors.ts';

/** Items and entries of all variables together: room for a chat of 3,000 messages. */
const maxValues = 10_000;
/** Each error quotes the whole object that it is in, which may have all that a body may have. */
const maxErrors = 3;

/** Refuses variables that are wrong before the executor does, which finds 50 mistakes before it stops; and texts that can't be kept. */
export function variableLimits(mask: (error: unknown) => GraphQLError): Plugin {
  const hook = ({ args, setResultAndStopExecution }: Hook) => {
    const { errors } = coercedVariables(args);
    if (errors) setResultAndStopExecution({ errors: errors.map((error) => mask(answered(error))) });
  };
  return {
    onValidate: ({ addValidationRule }) => addValidationRule(keepableLiterals),
    onExecute: hook,
    onSubscribe: hook,
  };
}

interface Hook {
  readonly args: ExecutionArgs;
  setResultAndStopExecution(result: ExecutionResult): void;
}

const unkeepable = 'has U+0000 or half of a surrogate pair. Send well-formed Unicode without U+0000.';

/** Halves of pairs are no literals at all to the parser. */
const keepableLiterals: ValidationRule = (context) => ({
  StringValue(node) {
    if (!isKeepable(node.value)) context.reportError(new GraphQLError(`A text ${unkeepable}`, { nodes: node }));
  },
});

/** The variables of an operation as its resolvers get them, or what is wrong with them. */
export function coercedVariables({ schema, document, operationName, variableValues }: ExecutionArgs): Coerced {
  const wrong = variableValues && mistakeIn(variableValues);
  if (wrong) return { errors: [new GraphQLError(wrong)] };
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  return getVariableValues(schema, definitions, variableValues ?? {}, { maxErrors });
}

type Coerced = ReturnType<typeof getVariableValues>;

/** What is wrong with them whatever they are for. */
function mistakeIn(variables: object): string | undefined {
  const open: unknown[] = [variables];
  let count = 0;
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string' && !isKeepable(value)) return `A text in the variables ${unkeepable}`;
    if (typeof value !== 'object' || value === null) continue;
    count += Array.isArray(value) ? value.length : Object.keys(value).length;
    if (count > maxValues) return `The variables have more than ${maxValues} values. Send less at once.`;
    open.push(...Object.values(value));
  }
  return undefined;
}

/** As what is wrong with a document is. */
const answered = ({ message, nodes, originalError }: GraphQLError) => refusal(message, { nodes, originalError });
