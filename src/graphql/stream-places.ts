import type { ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isRateLimited } from '../domain/errors.ts';
import { holdWhileOpen } from '../domain/hold.ts';
import type { DoorContext } from './door.ts';
import type { SocketPlaces } from './socket-places.ts';

/** What stands beside a request over HTTP; over other transports what it takes is held by the socket. */
export interface AnswerContext extends DoorContext {
  readonly answer?: ServerResponse;
}

/** A stream over HTTP takes the places that a socket takes, from its start until its answer is over. */
export function streamPlaces(
  sockets: Pick<SocketPlaces, 'ofAddress' | 'ofViewer'>,
  mask: (error: unknown) => GraphQLError,
): Plugin<AnswerContext> {
  return {
    async onSubscribe({ args, setResultAndStopExecution }) {
      const { answer, client, ip } = args.contextValue as AnswerContext;
      if (!answer) return;
      try {
        await holdWhileOpen(answer, () => sockets.ofViewer(client.session.viewer));
        await holdWhileOpen(answer, () => sockets.ofAddress(ip));
      } catch (error) {
        const { message, extensions } = mask(error);
        const http = isRateLimited(error) && { http: { status: 429 } };
        setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions: { ...extensions, ...http } })] });
      }
    },
  };
}
