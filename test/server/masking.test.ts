import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noAuthentication } from '../../src/auth/none.ts';
import { createPipeline } from '../../src/graphql/graphql.ts';
import { OperationRates } from '../../src/graphql/rates.ts';
import { SocketPlaces } from '../../src/graphql/socket-places.ts';
import { memoryLimits } from '../../src/limits/memory.ts';
import { createHttpServer } from '../../src/server/server.ts';
import { startApp, type TestApp } from '../graphql/app.ts';
import { transports } from './transports.ts';

const secret = 'the password of the disk';
/** What a person has asked, or a model answered. */
const prompt = 'My whale is white';

let app: TestApp;
let origin = '';
/** What the store does when it is asked for a viewer's usage, and for the news of its generations. */
let usage: () => unknown = () => {};
let news: () => unknown = () => {};
beforeAll(async () => {
  app = await startApp({
    alter: ({ store, bus }) => ({
      store: {
        ...store,
        usage: { ...store.usage, totals: async (ids) => new Map(ids.map((id) => [id, usage() as never])) },
      },
      bus: {
        ...bus,
        subscribe: async (topic, listener) => {
          if (topic.startsWith('viewer:')) await news();
          return bus.subscribe(topic, listener);
        },
      },
    }),
  });
  origin = await app.listen();
});
afterAll(() => app[Symbol.asyncDispose]());

const thrown = (value: unknown) => () => {
  throw value;
};
const failing = (property: string, error: unknown) =>
  Object.defineProperty({}, property, { get: thrown(error), enumerable: true });
const query = '{ viewer { id usage { generations promptTokens } } }';
const input = { prompt, parameters: { maxTokens: prompt } };

describe.each(transports)('over %s', (_name, ask) => {
  test.each([
    ['an error', thrown(new Error(secret))],
    ['an error with others in it', thrown(new AggregateError([new Error(secret), new Error(secret)], secret))],
    [
      'an error that looks like one of GraphQL',
      thrown(Object.assign(new Error(secret), { extensions: { code: 'X', secret } })),
    ],
    ['an error for the lack of stack', thrown(new RangeError(secret))],
    ['a text', thrown(secret)],
    ['an object', thrown({ message: secret, errors: [secret] })],
    ['nothing', thrown(undefined)],
    ['a property', () => failing('generations', new Error(secret))],
  ])('%s that is thrown is told of by its id alone', async (_what, does) => {
    usage = does;
    const { errors = [] } = await ask(origin, { query });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL']);
    expect(Object.keys(errors[0]?.extensions ?? {}).sort()).toEqual(['code', 'errorId']);
    expect(JSON.stringify(errors)).not.toMatch(/password|Range|at .*:\d/);
    expect(app.logged.filter(({ errorId }) => errorId === errors[0]?.extensions.errorId)).toHaveLength(1);
  });

  test.each([
    ['a number', () => ({ generations: prompt, promptTokens: 1 })],
    ['one that is never null', () => ({ generations: null, promptTokens: 1 })],
    ['an object', () => prompt],
  ])('a value that does not fit as %s is told to nobody', async (_what, does) => {
    usage = does;
    const { errors = [] } = await ask(origin, { query });
    expect(new Set(errors.map(({ extensions }) => extensions.code))).toEqual(new Set(['INTERNAL']));
    expect(JSON.stringify([errors, app.logged])).not.toMatch('whale');
    expect(app.logged.filter(({ errorId }) => errorId === errors[0]?.extensions.errorId)).toHaveLength(1);
  });

  test('a context that can’t be built is told of by its id alone', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
    const [limits, none] = [memoryLimits(), { viewer: null, ip: null }];
    const rates = new OperationRates(limits, none);
    const services = Object.assign(failing('generations', new Error(secret)), { rates });
    const http = createHttpServer({
      pipeline: createPipeline({
        ...{
          services: services as never,
          auth: noAuthentication(),
          sockets: new SocketPlaces(limits, none),
          logger,
          allowsOrigin: () => true,
        },
        limits: { depth: 20, aliases: 100, documentTokens: 5_000, objects: 50_000 },
        bodyBytes: 1 << 20,
        ...{ introspection: true, graphiql: true, trustedDocuments: null },
      }),
      ...{ readiness: {}, logger, trustedProxies: 0 },
      limits: { bodyBytes: 1 << 20, messagesPerSecond: 100, subscriptionsPerSocket: 200 },
      origins: { allowsHost: () => true, allowsOrigin: () => true },
    });
    const url = await http.listen(0, '127.0.0.1');
    const { errors = [] } = await ask(url, { query: '{ __typename }' });
    await http.close(500);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL']);
    expect(JSON.stringify(errors)).not.toMatch('password');
    expect(lines.join()).toContain(errors[0]?.extensions.errorId);
  });

  test.each([
    ['a variable', 'mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }', { input }],
    [
      'a cursor',
      'query ($after: Cursor) { viewer { conversations(after: $after) { nodes { id } } } }',
      { after: [prompt] },
    ],
    [
      'a literal',
      `mutation { generate(input: { prompt: 1, model: "${prompt}" nothing: "${prompt}" }) { generation { id } } }`,
      {},
    ],
    ['a document', `{ viewer { "${prompt}" } }`, {}],
  ])('%s that is wrong is the client’s to know, and nobody else’s', async (_what, wrong, variables) => {
    const { data, errors = [] } = await ask(origin, { query: wrong, variables });
    expect([data, new Set(errors.map(({ extensions }) => extensions.code))]).toEqual([
      undefined,
      new Set(['BAD_USER_INPUT']),
    ]);
    expect(errors.every(({ extensions }) => Object.keys(extensions).join() === 'code')).toBe(true);
    expect(JSON.stringify(app.logged)).not.toMatch('whale');
  });
});

test('what is no JSON is answered without the parser’s words', async () => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${origin}/graphql`, { method: 'POST', headers, body: '{"query": <whale>' });
  const { errors } = await response.json();
  expect([response.status, errors[0].extensions]).toEqual([400, { code: 'BAD_USER_INPUT' }]);
});

test.each(['variables', 'extensions'])(
  '`%s` of a GET that are no JSON are the client’s to know, and nobody else’s',
  async (name) => {
    for (const accept of ['application/json', 'application/graphql-response+json', 'text/event-stream']) {
      const url = `${origin}/graphql?query={__typename}&${name}=${encodeURIComponent(prompt)}`;
      const response = await fetch(url, { headers: { accept } });
      const text = await response.text();
      expect([response.status, text]).toEqual([400, expect.stringContaining('"BAD_USER_INPUT"')]);
      expect(text).toContain('is no JSON');
      expect(JSON.stringify([text, app.logged])).not.toMatch('whale');
    }
  },
);

// A subscription asks for a stream.
describe.each(transports.filter(([name]) => name !== 'HTTP'))('over %s', (_name, ask) => {
  test.each([
    ['an error', thrown(new Error(secret))],
    ['a text', thrown(secret)],
  ])('%s at the source of a stream is told of by its id alone', async (_what, does) => {
    news = does;
    const { errors = [] } = await ask(origin, { query: 'subscription { myGenerations { id } }' });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL']);
    expect(JSON.stringify(errors)).not.toMatch('password');
  });
});
