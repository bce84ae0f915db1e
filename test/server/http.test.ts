import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../graphql/app.ts';

let app: TestApp;
let origin = '';
beforeAll(async () => {
  app = await startApp({
    alter: ({ store }) => {
      const totals = () => Promise.reject(new Error('the disk is on fire'));
      return { store: { ...store, usage: { ...store.usage, totals } } };
    },
  });
  origin = await app.listen();
});
afterAll(() => app[Symbol.asyncDispose]());

type Body = { data?: unknown; errors: { message: string; path?: unknown; extensions: Record<string, unknown> }[] };

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
  });
}

const answerTo = async (body: unknown, headers?: Record<string, string>) => {
  const response = await post(body, headers);
  return { status: response.status, ...((await response.json()) as Body) };
};

/** A refusal is an answer as any other: it has an error with a code, and says what to do. */
async function expectRefusal(response: Response, status: number, code: string, message: RegExp): Promise<void> {
  const { errors } = (await response.json()) as Body;
  const error = { message: expect.stringMatching(message), extensions: { code } };
  expect({ status: response.status, errors }).toEqual({ status, errors: [error] });
}

describe('routes', () => {
  test('/health says that the process is up, /ready what of the server is well', async () => {
    const health = await fetch(`${origin}/health`);
    expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
    expect(health.headers.get('cache-control')).toBe('no-store');
    const ready = await fetch(`${origin}/ready?verbose`);
    const checks = { store: 'ok', bus: 'ok', backend: 'ok' };
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready', checks }]);
  });

  test('/ leads to /graphql', async () => {
    const response = await fetch(origin, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, '/graphql']);
  });

  test.each(['/nothing', '/graphqlx', '/health/x', '//', '/%'])('%s is 404', async (path) => {
    await expectRefusal(await fetch(origin + path), 404, 'NOT_FOUND', /GraphQL is at \/graphql/);
  });

  test('a browser gets GraphiQL at /graphql', async () => {
    const response = await fetch(`${origin}/graphql`, { headers: { accept: 'text/html' } });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch('text/html');
  });
});

describe('pages of other origins', () => {
  const query = { query: '{ __typename }' };

  test.each(['http://localhost:3000', 'http://127.0.0.1:5173', 'https://[::1]:8080'])('%s may ask', async (from) => {
    const response = await post(query, { origin: from });
    expect(response.headers.get('access-control-allow-origin')).toBe(from);
    expect(response.headers.get('vary')).toMatch(/origin/i);
    const preflight = await fetch(`${origin}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: from,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(from);
    expect(preflight.headers.get('access-control-allow-headers')).toMatch('content-type');
  });

  test.each(['http://example.com', 'http://localhost.example.com', 'http://127.0.0.1.example.com', 'null', 'file://'])(
    '%s may not',
    async (from) => {
      await expectRefusal(await post(query, { origin: from }), 403, 'FORBIDDEN', /Pages of this origin/);
      for (const method of ['GET', 'OPTIONS']) {
        const response = await fetch(`${origin}/graphql?query={__typename}`, { method, headers: { origin: from } });
        expect(response.headers.get('access-control-allow-origin')).toBeNull();
        expect(response.headers.get('access-control-allow-credentials')).toBeNull();
      }
    },
  );
});

describe('errors', () => {
  test('of the server itself are masked, and the log has them under the id that the client got', async () => {
    const { data, errors } = await answerTo({ query: '{ viewer { id usage { generations } } }' });
    expect(data).toBeNull();
    const [error] = errors;
    expect(JSON.stringify(errors)).not.toMatch('fire');
    expect(error).toMatchObject({ path: ['viewer', 'usage'], extensions: { code: 'INTERNAL' } });
    const errorId = error?.extensions.errorId;
    expect(error?.message).toContain(errorId);
    const logged = app.logged.filter((line) => line.errorId === errorId);
    expect(logged).toMatchObject([{ level: 50, err: { message: 'the disk is on fire' } }]);
  });

  test('of ours carry their code, their place, and stand beside the data', async () => {
    const query = `mutation { cancelGeneration(input: { id: "gen_x" }) { generation { id } } }`;
    const { status, data, errors } = await answerTo({ query });
    const message = 'The generation gen_x was not found.';
    const error = { message, path: ['cancelGeneration'], extensions: { code: 'NOT_FOUND' } };
    expect({ status, data, errors }).toMatchObject({ status: 200, data: null, errors: [error] });
    expect(Object.keys(errors[0]?.extensions ?? {})).toEqual(['code']);
  });

  test.each([
    ['JSON that breaks off', '{"query": "{ vie'],
    ['no query', {}],
    ['an unknown parameter', { query: '{ __typename }', nonsense: 1 }],
    ['a syntax error', { query: '{ viewer {' }],
    ['an unknown field', { query: '{ nothing }' }],
    ['an unknown operation', { query: 'query A { __typename }', operationName: 'B' }],
    ['a variable of another type', { query: 'query ($id: ID!) { model(id: $id) { id } }', variables: { id: {} } }],
    ['a missing variable', { query: 'query ($id: ID!) { model(id: $id) { id } }' }],
    ['a cursor that is no string', { query: 'subscription { generation(id: "gen_x", after: 5) { cursor } }' }],
    ['a list as the body', [{ query: '{ __typename }' }]],
  ])('%s is BAD_USER_INPUT', async (_what, body) => {
    const { status, data, errors } = await answerTo(body, { accept: 'application/graphql-response+json' });
    expect({ status, data }).toEqual({ status: 400, data: undefined });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    expect(errors.every(({ extensions }) => !('http' in extensions))).toBe(true);
  });

  const two = 'query A { __typename } query B { __typename }';
  test.each([
    ['an unknown operation', two, 'C', 'no operation of the name "C"'],
    ['an unnamed one of several', two, undefined, 'has 2 operations: say by `operationName`'],
    ['one of several without a name', '{ __typename } query B { __typename }', undefined, 'give each a name'],
    ['a name that is none', two, 5, '`operationName` must be a string'],
    ['an empty name', two, '', '`operationName` is empty: leave it out'],
    ['none at all', 'fragment F on Query { __typename }', undefined, 'has no operation: write a query'],
  ])('%s is told from the others', async (_what, query, operationName, message) => {
    const { status, errors } = await answerTo(
      { query, operationName },
      { accept: 'application/graphql-response+json' },
    );
    expect({ status, errors }).toMatchObject({ status: 400, errors: [{ message: expect.stringContaining(message) }] });
    // Who reads events gives up, unread, at any other status; a request that is malformed is no stream's.
    const { status: ofStream } = await post({ query, operationName }, { accept: 'text/event-stream' });
    expect(ofStream).toBe(operationName === 5 ? 400 : 200);
  });

  test('a type that is not taken, or not given, is answered with those that are', async () => {
    const query = { query: '{ __typename }' };
    const [taken, given] = [/application\/json/, /accept application\/json/];
    await expectRefusal(await post(query, { 'content-type': 'text/plain' }), 415, 'BAD_USER_INPUT', taken);
    await expectRefusal(await post(query, { accept: 'image/png' }), 406, 'BAD_USER_INPUT', given);
  });

  test('a mutation by GET is refused, and changes nothing', async () => {
    const query = 'mutation { createConversation(input: {}) { conversation { id } } }';
    const response = await fetch(`${origin}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'application/json' },
    });
    expect(response.status).toBe(405);
    expect(await app.get('{ viewer { conversations { nodes { id } } } }')).toEqual({
      viewer: { conversations: { nodes: [] } },
    });
  });

  test.each(['multipart/form-data; boundary=x', 'text/plain', 'application/x-www-form-urlencoded'])(
    'a form of another page (%s), which asks nobody before, is not taken',
    async (type) => {
      const query = 'mutation { createConversation(input: {}) { conversation { id } } }';
      const body = type.includes('urlencoded')
        ? `query=${encodeURIComponent(query)}`
        : type.includes('form-data')
          ? `--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query })}\r\n--x--\r\n`
          : JSON.stringify({ query });
      const response = await post(body, { 'content-type': type, origin: 'http://example.com' });
      expect(response.status).toBe(403);
      expect(await app.get('{ viewer { conversations { nodes { id } } } }')).toEqual({
        viewer: { conversations: { nodes: [] } },
      });
    },
  );
});

test('what is wrong with a subscription is an answer over SSE, and no failure of the server', async () => {
  const query = 'subscription { generation(id: "gen_x") { cursor } }';
  const response = await post({ query }, { accept: 'text/event-stream' });
  const text = await response.text();
  expect([response.status, text.includes('"code":"NOT_FOUND"'), text.includes('"http"')]).toEqual([200, true, false]);
});
