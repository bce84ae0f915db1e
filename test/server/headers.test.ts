import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../graphql/app.ts';

const page = 'https://app.example.com';
let app: TestApp;
let origin = '';
beforeAll(async () => {
  app = await startApp({
    yaml: `{ server: { origins: ["${page}"] }, models: [{ id: m, backends: [{ kind: ngram }] }] }`,
  });
  origin = await app.listen();
});
afterAll(() => app[Symbol.asyncDispose]());

const create = 'mutation { createConversation(input: {}) { conversation { id } } }';
const send = (init: RequestInit = {}) => fetch(`${origin}/graphql`, { method: 'POST', ...init });
const json = (body: unknown, headers: Record<string, string> = {}) =>
  send({ body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });

const query = { query: '{ __typename }' };
const events = { query: 'subscription { generation(id: "gen_x") { cursor } }' };
const answers: readonly (readonly [string, () => Promise<Response>])[] = [
  ['a query', () => json(query)],
  ['a query by GET', () => fetch(`${origin}/graphql?query={__typename}`)],
  ['a refusal', () => json({ query: '{ nothing }' }, { accept: 'application/graphql-response+json' })],
  ['a stream of events', () => json(events, { accept: 'text/event-stream' })],
  ['a stream of parts', () => json(events, { accept: 'multipart/mixed;subscriptionSpec=1.0' })],
  ['GraphiQL', () => fetch(`${origin}/graphql`, { headers: { accept: 'text/html' } })],
  ['the way to it', () => fetch(origin, { redirect: 'manual' })],
  ['a preflight', () => send({ method: 'OPTIONS', headers: { origin: page } })],
  ['a page of others', () => json(query, { origin: 'https://evil.example' })],
  ['a type that is not taken', () => send({ body: 'x', headers: { 'content-type': 'text/plain' } })],
  ['nothing', () => fetch(`${origin}/nothing`)],
  ['/health', () => fetch(`${origin}/health`)],
  ['/ready', () => fetch(`${origin}/ready`)],
];

test.each(answers)(
  '%s has headers that keep browsers from harm, and tells nothing of the server',
  async (_what, ask) => {
    const { headers } = await ask();
    const names = [
      'x-content-type-options',
      'referrer-policy',
      'cross-origin-resource-policy',
      'cross-origin-opener-policy',
    ];
    expect(names.map((name) => headers.get(name))).toEqual(['nosniff', 'no-referrer', 'same-origin', 'same-origin']);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get('cache-control')).toMatch(/^no-(store|cache)$/);
    expect([headers.get('x-powered-by'), headers.get('server')]).toEqual([null, null]);
  },
);

describe('a page of an origin that is listed', () => {
  test('is told what it may send', async () => {
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-own' };
    const { status, headers } = await send({ method: 'OPTIONS', headers: { origin: page, ...asked } });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, page]);
    expect(headers.get('access-control-allow-methods')).toBe('GET, POST');
    const allowed = headers.get('access-control-allow-headers')?.split(', ');
    expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'accept']));
    expect(allowed).not.toContain('x-own');
  });

  test('may read what it is held back by, and sends no cookies', async () => {
    const { headers } = await json(query, { origin: page });
    expect(headers.get('access-control-allow-origin')).toBe(page);
    expect(headers.get('vary')).toMatch(/origin/i);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const exposed = headers.get('access-control-expose-headers')?.split(', ');
    expect(exposed).toEqual(expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After']));
  });
});

describe('what a form can send executes nothing, wherever it comes from', () => {
  const multipart = `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: create })}\r\n--x--\r\n`;
  const bodies = [
    ['application/x-www-form-urlencoded', `query=${encodeURIComponent(create)}`],
    ['text/plain', JSON.stringify({ query: create })],
    ['multipart/form-data; boundary=x', multipart],
    ['application/graphql', create],
    ['text/plain; x=application/json', JSON.stringify({ query: create })],
    ['application/jsonx', JSON.stringify({ query: create })],
    ['', JSON.stringify({ query: create })],
  ] as const;

  test.each(bodies)('%s', async (type, body) => {
    const statuses = [];
    for (const from of [undefined, page, 'null', 'https://evil.example']) {
      const headers = { ...(type && { 'content-type': type }), ...(from !== undefined && { origin: from }) };
      statuses.push((await send({ body: Buffer.from(body), headers })).status);
    }
    expect(statuses).toEqual([415, 415, 403, 403]);
    const data = await app.get('{ viewer { conversations { nodes { id } } } }');
    expect(data).toEqual({ viewer: { conversations: { nodes: [] } } });
  });
});

test('a list of operations in one request is not taken', async () => {
  const response = await json([{ query: create }, { query: create }]);
  expect([response.status, (await response.json()).errors[0].extensions]).toEqual([400, { code: 'BAD_USER_INPUT' }]);
  expect(await app.get('{ viewer { conversations { nodes { id } } } }')).toEqual({
    viewer: { conversations: { nodes: [] } },
  });
});
