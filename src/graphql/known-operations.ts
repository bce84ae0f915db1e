import { type ExecutionResult, type GraphQLError, getOperationAST, OperationTypeNode } from 'graphql';
import type { GraphQLParams } from 'graphql-yoga';
import type { Answers } from './answers.ts';
import type { Client } from './client.ts';
import { createContext, type Services } from './context.ts';
import { execute } from './execute.ts';
import type { KnownDocuments } from './known-documents.ts';
import { schema } from './schema.ts';
import type { Subscriptions } from './subscribe.ts';
import { type TrustedDocuments, trustedParams } from './trusted.ts';
import { coercedVariables } from './variables.ts';

interface KnownOperationsOptions {
  readonly documents: KnownDocuments;
  readonly services: Services;
  readonly mask: (error: unknown) => GraphQLError;
  readonly trustedDocuments: TrustedDocuments | null;
  readonly subscribe: Subscriptions['subscribe'];
}

type Answered = ExecutionResult | Answers<object>;

/**
 * Executes operations whose documents are known to be valid, without the pipeline that finds that out. Gives undefined for
 * all else, for whatever is wrong with the parameters, and for a subscription that is not `taken`: those are for the
 * pipeline to tell.
 */
export function knownOperations({ documents, services, mask, trustedDocuments, subscribe }: KnownOperationsOptions) {
  return (given: GraphQLParams, client: Client, taken: boolean): Promise<Answered> | Answered | undefined => {
    const params = trustedDocuments ? trustedParams(trustedDocuments, given) : given;
    const { operationName, variables: variableValues } = params;
    const document = isUsual(params) && documents.valid(params.query);
    const operation = document && getOperationAST(document, operationName)?.operation;
    const subscribes = operation === OperationTypeNode.SUBSCRIPTION;
    if (!document || !operation || (subscribes && !taken)) return undefined;
    const args = { schema, document, operationName, variableValues };
    const { coerced } = coercedVariables(args);
    if (!coerced) return undefined;
    const { session, ip } = client;
    const contextValue = createContext(services, { viewer: session.viewer, ip });
    const result = subscribes
      ? subscribe({ ...args, contextValue: { ...contextValue, client } })
      : execute({ ...args, contextValue }, coerced);
    return result instanceof Promise ? result.then(masked) : masked(result);
  };

  function masked(result: Answered): Answered {
    return 'errors' in result && result.errors ? { ...result, errors: result.errors.map(mask) } : result;
  }
}

const names = new Set(['query', 'operationName', 'variables', 'extensions']);

/** Whether there is nothing in the parameters but what belongs there. */
function isUsual(params: GraphQLParams): params is GraphQLParams & { query: string } {
  const { query, variables, extensions } = params;
  for (const name in params) if (!names.has(name)) return false;
  return typeof query === 'string' && isObject(variables) && isObject(extensions);
}

const isObject = (value: unknown): boolean => value == null || (typeof value === 'object' && !Array.isArray(value));
