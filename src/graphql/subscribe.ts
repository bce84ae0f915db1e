import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Viewer } from '../domain/conversation.ts';
import { unauthenticated } from '../domain/errors.ts';
import { AnswerText, charactersOfEvent } from './answer-text.ts';
import { type Answer, Answers, answerOf } from './answers.ts';
import { type Context, createContext, type Services } from './context.ts';
import type { DoorContext } from './door.ts';
import { withoutHttp } from './errors.ts';
import { execute } from './execute.ts';
import { SharedAnswers } from './shared.ts';
import { Events } from './source.ts';

/** What stands beside an operation: its answers, where it subscribes. */
export interface SubscriptionContext extends DoorContext {
  answers?: Answers<object>;
}

type Asked = Context & SubscriptionContext;

export interface Subscriptions {
  /** Begins a subscription, of which the client stands in the context. What is wrong with it is not masked. */
  readonly subscribe: (args: ExecutionArgs) => Promise<Answers<object> | ExecutionResult>;
  /** Has the pipeline begin subscriptions that way. */
  readonly plugin: Plugin<object, SubscriptionContext>;
}

/**
 * Makes the answers of subscriptions. Yoga wraps each stream several times, to mask what is masked here once for all who
 * share it, and would do so again for each event and subscriber: transports take the answers from beside the operation.
 */
export function subscriptions(services: Services, mask: (error: unknown) => GraphQLError): Subscriptions {
  const shared = new SharedAnswers();
  const finish = ({ errors, ...result }: ExecutionResult): Answer =>
    answerOf(errors ? withoutHttp({ ...result, errors: errors.map(mask) }) : result);
  const lastOf = (error: unknown) => finish({ errors: [error as GraphQLError] });

  /** Makes the answer to an event, as `reader` may see it. */
  function making(
    { schema, document, operationName, variableValues, contextValue }: ExecutionArgs,
    rootOf: (value: object) => object,
    reader: Viewer,
  ): (value: object) => Answer | Promise<Answer> {
    const { ip } = contextValue as Asked;
    const operation = { schema, document, operationName, variableValues };
    return (value) => {
      const context = createContext(services, { viewer: reader, ip });
      context.texts = new AnswerText(charactersOfEvent);
      const result = execute({ ...operation, rootValue: rootOf(value), contextValue: context });
      return result instanceof Promise ? result.then(finish) : finish(result);
    };
  }

  async function subscribe(args: ExecutionArgs): Promise<Answers<object> | ExecutionResult> {
    const events = await createSourceEventStream(args);
    if (!(events instanceof Events)) return events as ExecutionResult;
    const { source, rootOf, only } = events as Events<object>;
    const { client, viewer } = args.contextValue as Asked;
    const key = only === undefined ? undefined : shared.keyOf(args);
    const common = only !== undefined && key !== undefined;
    const answers = new Answers({
      source,
      // For the viewer alone, unless all who may have the event can have it.
      answer: common ? shared.join(key, making(args, rootOf, readerOf(only))) : making(args, rootOf, viewer),
      lastOf,
      onClose() {
        unwatch();
        if (common) shared.leave(key);
      },
    });
    const unwatch = client.onEnd(() => answers.breakOff(ended()));
    return answers;
  }

  const plugin: Plugin<object, SubscriptionContext> = {
    onSubscribe({ args, setSubscribeFn }) {
      setSubscribeFn(async () => {
        const result = await subscribe(args as ExecutionArgs);
        if (result instanceof Answers) (args.contextValue as unknown as SubscriptionContext).answers = result;
        return result;
      });
    },
  };
  return { subscribe, plugin };
}

/** Somebody who may read the generation, and of whom nothing else is known. */
const readerOf = (only: string): Viewer => ({ id: 'usr_reader', name: 'Reader', role: 'READER', only });

const ended = () => unauthenticated('The token has expired or was revoked: come back with a new one.');
