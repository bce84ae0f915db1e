import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { createPersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { getIntrospectionQuery } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { temporaryFolder } from '../folder.ts';
import { startApp, type TestApp } from '../graphql/app.ts';
import { transports } from './transports.ts';

const folder = temporaryFolder();
const models = 'models: [{ id: m, backends: [{ kind: ngram }] }]';
const hash = (document: string) => createHash('sha256').update(document).digest('hex');
const byId = 'query Model($id: ID!) { model(id: $id) { __typename id } }';
const watch = 'subscription Watch($id: ID) { model(id: $id) { id } }';
const large = `{ ${'__typename '.repeat(101)} }`;

let trusting: TestApp;
let closed: TestApp;
let open: TestApp;
beforeAll(async () => {
  const path = join(folder.path, 'documents.json');
  writeFileSync(path, JSON.stringify({ [hash(byId)]: byId, [hash(watch)]: watch, [`sha256:${hash(large)}`]: large }));
  trusting = await startApp({ yaml: `{ server: { trustedDocuments: "${path}" }, ${models} }` });
  closed = await startApp({ yaml: `{ server: { introspection: false, graphiql: false }, ${models} }` });
  open = await startApp();
  for (const app of [trusting, closed, open]) origins.set(app, await app.listen());
});
afterAll(async () => {
  for (const app of [trusting, closed, open]) await app[Symbol.asyncDispose]();
  folder.remove();
});
const origins = new Map<TestApp, string>();
const at = (app: TestApp) => origins.get(app) ?? '';

test('a registered subscription is not run by its text, though it has come before', async () => {
  const client = await trusting.pipeline.connect('127.0.0.1', undefined);
  const run = (params: object) => trusting.pipeline.execute({ ...params, variables: { id: 'm' } }, client);
  const begun = await run({ documentId: hash(watch) });
  if (!('poll' in begun)) throw new Error('It is a subscription.');
  begun.close();
  expect(await run({ query: watch })).toMatchObject({ errors: [{ message: expect.stringMatching(/registered/) }] });
});

describe.each(transports)('trusted documents over %s', (_name, ask) => {
  const variables = { id: 'm' };
  const answer = { data: { model: { __typename: 'Model', id: 'm' } } };

  test.each([
    ['documentId', { documentId: hash(byId) }],
    ['documentId with the name of its hash', { documentId: `sha256:${hash(byId)}`, query: '' }],
    ['documentId, whatever is sent beside it', { documentId: hash(byId), query: '{ viewer { id } }' }],
    ['Apollo’s extension', { extensions: { persistedQuery: { version: 1, sha256Hash: hash(byId) } } }],
  ])('run by %s', async (_what, params) => {
    expect(await ask(at(trusting), { ...params, variables })).toEqual(answer);
    expect(await ask(at(trusting), { ...params, variables, operationName: 'Model' })).toEqual(answer);
  });

  test.each([
    ['a document', { query: byId }, /registered documents only/],
    ['an unknown id', { documentId: hash('x') }, /No document is registered by this id/],
    ['an id that every object has', { documentId: 'constructor' }, /No document is registered/],
    ['an id that is no text', { documentId: { id: 1 } }, /registered documents only/],
    ['nothing', {}, /registered documents only/],
    ['one that is registered, beyond the limits', { documentId: hash(large) }, /more than 100 times/],
  ])('refuse %s', async (_what, params, message) => {
    const { data, errors = [] } = await ask(at(trusting), { ...params, variables });
    expect([data, errors.map(({ extensions }) => extensions)]).toEqual([undefined, [{ code: 'BAD_USER_INPUT' }]]);
    expect(errors[0]?.message).toMatch(message);
  });
});

describe.each(transports)('without trusted documents, over %s', (_name, ask) => {
  test.each([
    ['documentId', { documentId: hash(byId) }, /server\.trustedDocuments/],
    [
      'Apollo’s extension',
      { extensions: { persistedQuery: { version: 1, sha256Hash: hash(byId) } } },
      /^PersistedQueryNotSupported$/,
    ],
  ])('%s is refused', async (_what, params, message) => {
    const { data, errors } = await ask(at(open), params);
    expect([data, errors?.length, errors?.[0]?.extensions]).toEqual([undefined, 1, { code: 'BAD_USER_INPUT' }]);
    expect(errors?.[0]?.message).toMatch(message);
  });
});

describe.each(transports)('without introspection, over %s', (_name, ask) => {
  const introspection = getIntrospectionQuery();

  test('clients can’t ask for the schema, but for names of types', async () => {
    expect(await ask(at(open), { query: introspection })).toHaveProperty('data.__schema');
    for (const query of [
      introspection,
      '{ __type(name: "Query") { name } }',
      '{ ...A } fragment A on Query { __schema { description } }',
    ]) {
      const { data, errors } = await ask(at(closed), { query });
      expect([data, errors?.[0]?.extensions.code]).toEqual([undefined, 'BAD_USER_INPUT']);
      expect(errors?.[0]?.message).toMatch(/introspection/i);
    }
    expect(await ask(at(closed), { query: '{ __typename viewer { __typename } }' })).toEqual({
      data: { __typename: 'Query', viewer: { __typename: 'Viewer' } },
    });
  });

  test.each([
    ['a field', { query: '{ viewr { id } }' }],
    ['an argument', { query: '{ model(idd: "m") { id } }' }],
    ['a type', { query: '{ ... on Quer { __typename } }' }],
    ['an input field', { query: 'mutation { generate(input: { promt: "x" }) { generation { id } } }' }],
    [
      'an input field in a variable',
      {
        query: 'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }',
        variables: { input: { promt: 'x' } },
      },
    ],
    [
      'a value of an enum in a variable',
      {
        query: 'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }',
        variables: { input: { prompt: 'x', onDisconnect: 'CANCE' } },
      },
    ],
  ])('errors about %s suggest nothing', async (_what, params) => {
    const suggested = await ask(at(open), params);
    expect(suggested.errors?.[0]?.message).toMatch('Did you mean');
    const { errors = [] } = await ask(at(closed), params);
    expect(errors.length).toBe(suggested.errors?.length);
    expect(JSON.stringify(errors)).not.toMatch('Did you mean');
  });
});

describe.each([
  ['trusted documents', () => trusting, {}],
  ['automatic persisted queries where they are not supported', () => closed, {}],
  ['the same by GET', () => closed, { useGETForHashedQueries: true }],
] as const)('Apollo Client runs %s', (_name, app, options) => {
  const websocket = () =>
    new GraphQLWsLink(createClient({ url: `${at(app()).replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket }));
  test.each([
    ['HTTP', () => new HttpLink({ uri: `${at(app())}/graphql`, fetch })],
    ['WebSocket', websocket],
  ])('over %s', async (_what, last) => {
    const ids = createPersistedQueryLink({ generateHash: () => hash(byId), ...options });
    const client = new ApolloClient({ link: ids.concat(last()), cache: new InMemoryCache() });
    const { data } = await client.query({ query: gql(byId), variables: { id: 'm' } });
    expect(data).toEqual({ model: { __typename: 'Model', id: 'm' } });
    client.stop();
  });
});

test('GraphiQL is a switch', async () => {
  const pages = [open, closed].map((app) => fetch(`${at(app)}/graphql`, { headers: { accept: 'text/html' } }));
  const types = (await Promise.all(pages)).map(({ status, headers }) => [status, headers.get('content-type')]);
  expect(types[0]).toEqual([200, 'text/html']);
  expect(types[1]?.[1]).not.toBe('text/html');
  expect(types[1]?.[0]).toBeGreaterThanOrEqual(400);
});
