import {
  type ExecutionResult,
  type GraphQLError,
  getOperationAST,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import type { Client } from './client.ts';
import { createContext, type Services } from './context.ts';
import { execute } from './execute.ts';
import type { KnownDocuments } from './known-documents.ts';
import { schema } from './schema.ts';
import { type TrustedDocuments, trustedParams } from './trusted.ts';
import { coercedVariables } from './variables.ts';

interface KnownOperationsOptions {
  readonly documents: KnownDocuments;
  readonly services: Services;
  readonly mask: (error: unknown) => GraphQLError;
  readonly trustedDocuments: TrustedDocuments | null;
}

/**
 * Executes queries and mutations whose documents are known to be valid, without the pipeline that finds that out. Gives
 * undefined for all else, and for whatever is wrong with an operation: that is for the pipeline to tell.
 */
export function knownOperations({ documents, services, mask, trustedDocuments }: KnownOperationsOptions) {
  return (given: GraphQLParams, { session, ip }: Client): Promise<ExecutionResult> | ExecutionResult | undefined => {
    const params = trustedDocuments ? trustedParams(trustedDocuments, given) : given;
    const { operationName, variables: variableValues } = params;
    const document = isUsual(params) && documents.valid(params.query);
    if (!document || !hasAnswer(getOperationAST(document, operationName))) return undefined;
    const args = { schema, document, operationName, variableValues };
    const { coerced } = coercedVariables(args);
    if (!coerced) return undefined;
    const contextValue = createContext(services, { viewer: session.viewer, ip });
    const result = execute({ ...args, contextValue }, coerced);
    return result instanceof Promise ? result.then(masked) : masked(result);
  };

  function masked(result: ExecutionResult): ExecutionResult {
    return result.errors ? { ...result, errors: result.errors.map(mask) } : result;
  }
}

const hasAnswer = (operation: OperationDefinitionNode | null | undefined): boolean =>
  operation != null && operation.operation !== OperationTypeNode.SUBSCRIPTION;

const names = new Set(['query', 'operationName', 'variables', 'extensions']);

/** Whether there is nothing in the parameters but what belongs there. */
function isUsual(params: GraphQLParams): params is GraphQLParams & { query: string } {
  const { query, variables, extensions } = params;
  for (const name in params) if (!names.has(name)) return false;
  return typeof query === 'string' && isObject(variables) && isObject(extensions);
}

const isObject = (value: unknown): boolean => value == null || (typeof value === 'object' && !Array.isArray(value));
