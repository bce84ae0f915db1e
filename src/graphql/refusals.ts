import type { Plugin } from 'graphql-yoga';
import type { ErrorCode } from '../domain/errors.ts';

/** What to do about the answers that Yoga leaves empty. */
const advice: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  404: ['NOT_FOUND', 'There is nothing here: GraphQL is at /graphql, the health of the server at /health and /ready.'],
  406: [
    'BAD_USER_INPUT',
    'Nothing that this request accepts can be given: accept application/json or application/graphql-response+json, for subscriptions text/event-stream.',
  ],
  415: ['BAD_USER_INPUT', 'The body is of a type that is not taken: send JSON with content-type: application/json.'],
};

/** Whoever is refused is told why, in the form of every other answer. */
export const explainedRefusals = (): Plugin => ({
  onResponse({ response, setResponse, fetchAPI }) {
    const found = advice[response.status];
    if (!found || response.body !== null) return;
    const [code, message] = found;
    const { status, headers } = response;
    headers.set('content-type', 'application/json');
    const body = `${JSON.stringify({ errors: [{ message, extensions: { code } }] })}\n`;
    setResponse(new fetchAPI.Response(body, { status, headers }));
  },
});
