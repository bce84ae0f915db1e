import { type DocumentNode, GraphQLError, getOperationAST, Kind } from 'graphql';
import type { Plugin, YogaInitialContext } from 'graphql-yoga';
import { refusal } from './errors.ts';

/** Says what to do where it can't be told which operation of a document is meant. */
export const operationNames: Plugin<YogaInitialContext> = {
  onParse:
    () =>
    ({ result, context: { params } }) => {
      if (result === null || result instanceof Error) return;
      const { operationName: name } = params as { operationName?: unknown };
      if (name != null && typeof name !== 'string') {
        // The request itself is malformed: 400 for everybody.
        throw new GraphQLError('`operationName` must be a string.', { extensions: { http: { status: 400 } } });
      }
      const wrong = mistake(result, name);
      if (wrong !== undefined) throw refusal(wrong);
    },
};

function mistake(document: DocumentNode, name: string | null | undefined): string | undefined {
  if (getOperationAST(document, name)) return undefined;
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const count = operations.length;
  if (count === 0) return 'The document has no operation: write a query, mutation or subscription.';
  if (count > 1 && operations.some((operation) => operation.name === undefined)) {
    return `The document has ${count} operations: give each a name, and say by \`operationName\` which one is meant.`;
  }
  if (name === '') return '`operationName` is empty: leave it out, or set it to the name of an operation.';
  if (name == null) return `The document has ${count} operations: say by \`operationName\` which one is meant.`;
  return `The document has no operation of the name ${JSON.stringify(name)}: set \`operationName\` to one that it has, or leave it out where there is one alone.`;
}
