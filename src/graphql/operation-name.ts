import { type DocumentNode, GraphQLError, getOperationAST, Kind } from 'graphql';
import type { Plugin, YogaInitialContext } from 'graphql-yoga';

/** Says what to do where it can't be told which operation of a document is meant. */
export const operationNames: Plugin<YogaInitialContext> = {
  onParse:
    () =>
    ({ result, context: { params } }) => {
      if (result === null || result instanceof Error) return;
      const wrong = mistake(result, params.operationName);
      if (wrong !== undefined) throw new GraphQLError(wrong, { extensions: { http: { status: 400 } } });
    },
};

function mistake(document: DocumentNode, name: unknown): string | undefined {
  if (name != null && typeof name !== 'string') return '`operationName` must be a string.';
  if (getOperationAST(document, name)) return undefined;
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const count = operations.length;
  if (count === 0) return 'The document has no operation: write a query, mutation or subscription.';
  if (count > 1 && operations.some((operation) => operation.name === undefined)) {
    return `The document has ${count} operations: give each a name, and say by \`operationName\` which one is meant.`;
  }
  if (name == null) return `The document has ${count} operations: say by \`operationName\` which one is meant.`;
  return `The document has no operation of the name ${JSON.stringify(name)}: set \`operationName\` to one that it has, or leave it out where there is one alone.`;
}
