import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  type GraphQLError,
  getOperationAST,
} from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import type { Viewer } from '../domain/conversation.ts';
import { unauthenticated } from '../domain/errors.ts';
import { AnswerText, charactersOfEvent } from './answer-text.ts';
import { type Answer, Answers, answerOf } from './answers.ts';
import type { Client } from './client.ts';
import { type Context, createContext, type Services } from './context.ts';
import { DocumentCache } from './document-cache.ts';
import type { DoorContext } from './door.ts';
import { withoutHttp } from './errors.ts';
import { schema } from './schema.ts';
import { SharedAnswers } from './shared.ts';
import { Events } from './source.ts';
import { mistakes } from './variables.ts';

/** What stands beside an operation: its answers, where it subscribes. */
export interface SubscriptionContext extends DoorContext {
  answers?: Answers<object>;
}

type Asked = Context & SubscriptionContext;

export interface Subscriptions {
  readonly plugin: Plugin<object, SubscriptionContext>;
  /**
   * Begins one whose document has come through the pipeline before, and is not to be looked at again: thousands come back
   * with the same at once. Undefined for all else, which is to take the whole way.
   */
  again(params: GraphQLParams, client: Client): Promise<Answers<object> | ExecutionResult> | undefined;
}

/**
 * Makes the answers of subscriptions. Yoga wraps each stream several times, to mask what is masked here once for all who
 * share it, and would do so again for each event and subscriber: transports take the answers from beside the operation.
 */
export function subscriptions(services: Services, mask: (error: unknown) => GraphQLError): Subscriptions {
  /** Those with a subscription in them that was begun, by their text. */
  const known = new DocumentCache<DocumentNode>();
  const shared = new SharedAnswers();
  const finish = ({ errors, ...result }: ExecutionResult): Answer =>
    answerOf(errors ? withoutHttp({ ...result, errors: errors.map(mask) }) : result);

  /** What gives the answer to each event: made for the viewer alone, unless all who may have the event can have it. */
  function answering(
    args: ExecutionArgs,
    { rootOf, only }: Events<object>,
  ): (value: object) => Promise<Answer> | Answer {
    const { viewer, ip } = args.contextValue as Asked;
    const key = only === undefined ? undefined : shared.keyOf(args);
    const { schema, document, operationName, variableValues } = args;
    const reader = only === undefined || key === undefined ? viewer : readerOf(only);
    const make = (value: object) => {
      const contextValue = createContext(services, { viewer: reader, ip });
      contextValue.texts = new AnswerText(charactersOfEvent);
      const result = execute({
        schema,
        document,
        operationName,
        variableValues,
        rootValue: rootOf(value),
        contextValue,
      });
      return result instanceof Promise ? result.then(finish) : finish(result);
    };
    return key === undefined ? make : (value) => shared.get(value, key, () => make(value));
  }

  async function subscribe(args: ExecutionArgs): Promise<Answers<object> | ExecutionResult> {
    const events = await createSourceEventStream(args);
    if (!(events instanceof Events)) return events as ExecutionResult;
    const { client } = args.contextValue as Asked;
    return new Answers({
      source: events.source,
      answer: answering(args, events),
      lastOf: (error) => finish({ errors: [error as GraphQLError] }),
      onBreak: (listener) =>
        client.onEnd(() =>
          listener(unauthenticated('The token has expired or was revoked: come back with a new one.')),
        ),
    });
  }

  return {
    plugin: {
      onSubscribe({ args, setSubscribeFn }) {
        setSubscribeFn(async () => {
          const result = await subscribe(args as ExecutionArgs);
          const context = args.contextValue as unknown as SubscriptionContext & { readonly params: GraphQLParams };
          if (result instanceof Answers) {
            context.answers = result;
            known.set(context.params.query ?? '', args.document);
          }
          return result;
        });
      },
    },

    again(params, client) {
      const { query = '', variables, operationName } = params;
      const document = known.get(query);
      if (!document || !Object.keys(params).every((name) => parameters.has(name))) return undefined;
      if (getOperationAST(document, operationName)?.operation !== 'subscription') return undefined;
      const { ip, session } = client;
      const contextValue = Object.assign(createContext(services, { viewer: session.viewer, ip }), { client });
      const args: ExecutionArgs = { schema, document, contextValue, variableValues: variables, operationName };
      if (mistakes(args).length > 0) return undefined;
      return subscribe(args).then((result) => (result instanceof Answers ? result : finish(result)));
    },
  };
}

const parameters = new Set(['query', 'variables', 'operationName', 'extensions']);

/** Somebody who may read the generation, and of whom nothing else is known. */
const readerOf = (only: string): Viewer => ({ id: 'usr_reader', name: 'Reader', role: 'READER', only });
