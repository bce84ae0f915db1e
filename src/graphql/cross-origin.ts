import type { CORSOptions } from 'graphql-yoga';

/** What a page of another origin may send: the stock clients' headers, and those of tracing. */
const allowedHeaders = [
  ...['accept', 'authorization', 'content-type', 'last-event-id', 'traceparent', 'tracestate'],
  ...['apollographql-client-name', 'apollographql-client-version', 'apollo-require-preflight'],
];
/** What it may read beside the body. */
const exposedHeaders = [
  ...['RateLimit', 'RateLimit-Policy', 'RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset', 'Retry-After'],
  'WWW-Authenticate',
];

type AllowsOrigin = (origin: string, host: string | null) => boolean;

/**
 * What pages of other origins may do, where `allowsOrigin`. Tokens come in a header that the page itself sets, so no
 * credentials that a browser adds by itself, such as cookies, are wanted.
 */
export function crossOrigin(allowsOrigin: AllowsOrigin) {
  return (request: Request): CORSOptions => {
    const origin = request.headers.get('origin');
    if (origin === null || !allowsOrigin(origin, request.headers.get('host'))) return false;
    return { origin, credentials: false, methods: ['GET', 'POST'], allowedHeaders, exposedHeaders, maxAge: 600 };
  };
}

/** The same as headers of an answer. */
export function crossOriginHeaders(origin: string): Record<string, string> {
  return { 'access-control-allow-origin': origin, ...sameForAll };
}

const sameForAll = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': allowedHeaders.join(', '),
  'access-control-expose-headers': exposedHeaders.join(', '),
  'access-control-max-age': '600',
};
