import { type DocumentNode, GraphQLError, getOperationAST, Kind } from 'graphql';
import type { Plugin, YogaInitialContext } from 'graphql-yoga';

/** Says what to do where it can't be told which operation of a document is meant. */
export const operationNames: Plugin<YogaInitialContext> = {
  onParse:
    () =>
    ({ result, context: { params } }) => {
      if (result === null || result instanceof Error) return;
      const { operationName: name } = params as { operationName?: unknown };
      if (name != null && typeof name !== 'string') throw refusal('`operationName` must be a string.', false);
      const wrong = mistake(result, name);
      if (wrong !== undefined) throw refusal(wrong, true);
    },
};

/** Where the request is well formed, as GraphQL over HTTP has it, the status is 200 for who accepts JSON of any kind. */
const refusal = (message: string, wellFormed: boolean) =>
  new GraphQLError(message, { extensions: { http: { status: 400, spec: wellFormed } } });

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
