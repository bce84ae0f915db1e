import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { people } from '../graphql/people.ts';
import { type LimitedApp, startLimited } from './limited-app.ts';
import { exchange, openHttp, statuses } from './raw-http.ts';

let server: LimitedApp;
let origin = '';
beforeAll(async () => {
  server = await startLimited({ body: '4KiB', operationsPerSecond: { viewer: 100_000, ip: 100_000 } });
  origin = server.url.replace('/graphql', '');
  await server.app.parts.store.viewers.put(people.ada);
  // What asks for usage fails.
  vi.spyOn(server.app.parts.store.usage, 'totals').mockRejectedValue(new Error('the disk is on fire'));
});
afterAll(() => server[Symbol.asyncDispose]());

type Headers = Readonly<Record<string, string>>;

/** A POST as text. Headers with an empty value are left out. */
function post(path: string, body: string | Buffer, headers: Headers = {}, version = '1.1'): Buffer {
  const sent = Buffer.from(body);
  const all: Headers = {
    ...{ Host: 'localhost', Connection: 'close', 'Content-Type': 'application/json' },
    ...{ 'Content-Length': String(sent.length), ...headers },
  };
  const lines = Object.entries(all).filter(([, value]) => value !== '');
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/${version}\r\n${head}\r\n`), sent]);
}

/** An answer without what differs from one to the next. */
function comparable(answer: string): unknown {
  const [head = '', body] = answer.replace('HTTP/1.1 100 Continue\r\n\r\n', '100 ').split('\r\n\r\n', 2);
  const [status, ...lines] = head.split('\r\n');
  const headers = lines
    .filter((line) => !/^(date|transfer-encoding):/i.test(line))
    .map((line) =>
      line
        .replace(/^[^:]+/, (name) => name.toLowerCase())
        .replace(/;r=\d+/g, ';r=…')
        .replace(/;t=\d+/g, ';t=…'),
    )
    .sort();
  const same = (body ?? '').replace(/(conv_)\w+|[\da-f]{8}-[\da-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z/g, '$1…');
  return { status, headers, body: same };
}

/** What is no plain path goes the way of all requests, and is for nothing else. */
const ways = ['/graphql', '/graphql?all'] as const;

/** What comes back by both ways, again and again: what was parsed and validated before is known. */
async function answers(said: (path: string) => string | Buffer): Promise<{ expected: unknown; given: unknown[] }> {
  const given = [];
  for (let i = 0; i < 3; i++) given.push(comparable(await exchange(origin, said(ways[0]))));
  return { expected: comparable(await exchange(origin, said(ways[1]))), given };
}

async function expectSame(said: (path: string) => string | Buffer): Promise<unknown> {
  const { expected, given } = await answers(said);
  expect(given).toEqual([expected, expected, expected]);
  return expected;
}

const query = (text: string, more: object = {}) => JSON.stringify({ query: text, ...more });
const create =
  'mutation ($title: String) { createConversation(input: { title: $title }) { conversation { id title createdAt } } }';
const several = 'query A { __typename } query B { viewer { id } }';
const needs = 'query ($id: ID!, $n: Int = 2) { model(id: $id) { id } viewer { usageByDay(last: $n) { day } } }';

describe('the same answer as by the way of all', () => {
  test.each<[what: string, body: string | Buffer, status: number]>([
    ['data', query('{ viewer { id name } }'), 200],
    ['data, with letters of every length beside it', query('{ __typename }', { extensions: { a: 'é€😀' } }), 200],
    ['a mutation', query(create, { variables: { title: 'Wal 🐋 “x”' } }), 200],
    ['one operation of several', query(several, { operationName: 'B' }), 200],
    ['one of several that is not named', query(several), 200],
    ['one that is not there', query(several, { operationName: 'C' }), 200],
    ['a name that is none', query('{ __typename }', { operationName: 5 }), 400],
    ['an empty name', query('{ __typename }', { operationName: '' }), 200],
    ['variables', query(needs, { variables: { id: 'ngram' } }), 200],
    ['a missing variable', query(needs), 200],
    ['a wrong variable', query(needs, { variables: { id: {}, n: 'x' } }), 200],
    ['an unkeepable variable', query(needs, { variables: { id: '\u0000' } }), 200],
    ['variables that are a list', query(needs, { variables: [] }), 400],
    ['variables that are text', query(needs, { variables: '{}' }), 400],
    ['nulls', query('{ __typename }', { variables: null, operationName: null, extensions: null }), 200],
    ['extensions', query('{ __typename }', { extensions: { clientLibrary: { name: 'x' } } }), 200],
    ['extensions that are a list', query('{ __typename }', { extensions: [] }), 400],
    ['an unknown parameter', query('{ __typename }', { nonsense: 1 }), 400],
    ['an unknown parameter that is null', query('{ __typename }', { nonsense: null }), 200],
    ['a query that is no text', '{"query":5}', 400],
    ['no query', '{}', 200],
    ['a syntax error', query('{ viewer {'), 200],
    ['an unknown field', query('{ vewer { id } }'), 200],
    [
      'an error beside the data',
      query(
        '{ models { id } generation(id: "x") { id } viewer { limits { tokensPerDay { limit } } generations(first: 500) { nodes { id } } } }',
      ),
      200,
    ],
    ['an error of ours', query('mutation { cancelGeneration(input: { id: "gen_x" }) { generation { id } } }'), 200],
    ['a masked error', query('{ viewer { id usage { generations } } }'), 200],
    ['introspection', query('{ __schema { queryType { fields { name } } } __type(name: "Model") { name } }'), 200],
    ['a subscription', query('subscription { model { id } }'), 406],
    ['a subscription that is wrong', query('subscription { generation(id: "gen_x") { cursor } }'), 200],
    ['a list', `[${query('{ __typename }')}]`, 400],
    ['a number', '5', 400],
    ['null', 'null', 400],
    ['nothing', '', 400],
    ['blanks', '   ', 400],
    ['what breaks off', '{"query": "{ vie', 400],
    ['a mark of byte order', `\ufeff${query('{ __typename }')}`, 400],
    [
      'bytes that are no UTF-8',
      Buffer.from([...Buffer.from('{"query":"{ __typename } # '), 0xff, 0xc3, 0x22, 0x7d]),
      200,
    ],
    ['a body that is just not too large', query('{ __typename }').padEnd(4096), 200],
    ['a body that is too large', query('{ __typename }').padEnd(4097), 413],
    ['a prototype', '{"query":"{ __typename }","__proto__":{"a":1}}', 400],
  ])('to %s', async (_what, body, status) => {
    const expected = await expectSame((path) => post(path, body, { Accept: 'application/json' }));
    expect(expected).toMatchObject({ status: expect.stringMatching(`^HTTP/1.1 ${status} `) });
    await expectSame((path) => post(path, body, { Accept: 'application/graphql-response+json' }));
  });

  test.each<Headers>([
    { Accept: '' },
    { Accept: '*/*' },
    { Accept: 'application/*' },
    { Accept: 'text/*, */*;q=0.1' },
    { Accept: 'application/graphql-response+json, application/json;q=0.9' },
    { Accept: 'application/json, application/graphql-response+json' },
    {
      Accept:
        'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
    },
    { Accept: 'APPLICATION/JSON' },
    { Accept: 'application/json; charset=utf-8' },
    { Accept: 'application/json;q=1;charset=latin1' },
    { Accept: 'application/json;charset=latin1, application/graphql-response+json' },
    { Accept: 'text/event-stream, */*' },
    { Accept: 'multipart/mixed;subscriptionSpec=1.0, application/json' },
    { Accept: 'text/html' },
    { Accept: 'image/png' },
    { 'Content-Type': 'application/json; charset=utf-8' },
    { 'Content-Type': 'application/json;charset=latin1' },
    { 'Content-Type': 'Application/JSON' },
    { 'Content-Type': 'application/graphql+json' },
    { 'Content-Type': 'application/jsonx' },
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': '' },
    { 'Content-Encoding': 'identity' },
    { 'Content-Encoding': 'gzip' },
    { Origin: 'https://app.example' },
    { Origin: 'http://localhost' },
    { Origin: 'https://other.example' },
    { Origin: 'null' },
    { Authorization: 'Bearer ann' },
    { Authorization: 'Bearer nobody' },
    { Authorization: 'Bearer nobody', Origin: 'https://app.example', Accept: 'application/graphql-response+json' },
    { Authorization: 'Basic x' },
    { Expect: '100-continue' },
    { Connection: 'keep-alive, close' },
  ])('to a request with %j', async (headers) => {
    for (const body of [
      query('{ viewer { id } }'),
      query('{ viewer { usage { generations } } }'),
      query('subscription { generation(id: "gen_x") { cursor } }'),
    ]) {
      await expectSame((path) => post(path, body, headers));
    }
  });

  test('to a request of HTTP/1.0, in chunks, compressed, and of no length', async () => {
    const body = query('{ viewer { id } }');
    await expectSame((path) => post(path, body, { Connection: '' }, '1.0'));
    const chunked = { 'Content-Length': '', 'Transfer-Encoding': 'chunked' };
    await expectSame((path) => post(path, `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`, chunked));
    await expectSame((path) => post(path, '0\r\n\r\n', chunked));
    await expectSame((path) => post(path, gzipSync(body), { 'Content-Encoding': 'gzip' }));
    await expectSame((path) => post(path, '', { 'Content-Length': '' }));
  });

  test('to requests that come one after the other, in one piece and byte by byte', async () => {
    const bodies = [
      query('{ viewer { id } }'),
      '{',
      query('{ models { id } }'),
      query('{ viewer { usage { generations } } }'),
    ];
    const whole: unknown[] = [];
    const bytes: unknown[] = [];
    for (const path of ways) {
      const said = bodies.map((body, i) => post(path, body, i < 3 ? { Connection: 'keep-alive' } : {}));
      const received = await exchange(origin, Buffer.concat(said));
      expect(statuses(received)).toEqual([200, 400, 200, 200]);
      whole.push(received.split('HTTP/1.1').map(comparable));
      const { socket, closed } = openHttp(origin);
      await once(socket, 'connect');
      socket.setNoDelay();
      for (const byte of post(path, bodies[0] ?? ''))
        await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
      bytes.push(comparable(await closed));
    }
    expect(whole[0]).toEqual(whole[1]);
    expect(bytes[0]).toEqual(bytes[1]);
  });
});

test('what has errors was executed, counted and told of once, and its client was let in once', async () => {
  const text = query('mutation { createConversation(input: {}) { conversation { owner { usage { generations } } } } }');
  const count = async () => {
    const { viewer } = await server.app.get<{ viewer: { conversations: { nodes: unknown[] } } }>(
      '{ viewer { conversations(first: 100) { nodes { id } } } }',
    );
    return viewer.conversations.nodes.length;
  };
  const left = (answer: string) => Number(/"viewer";r=(\d+)/.exec(answer)?.[1]);
  for (let i = 0; i < 3; i++) {
    const [conversations, looks, logged] = [await count(), server.looks(), server.app.logged.length];
    const first = await exchange(origin, post('/graphql', query('{ __typename }')));
    const second = await exchange(origin, post('/graphql', text));
    expect(second).toContain('"INTERNAL"');
    expect({
      left: left(first) - left(second),
      looks: server.looks() - looks,
      logged: server.app.logged.length - logged,
    }).toEqual({ left: 1, looks: 2, logged: 1 });
    expect(await count()).toBe(conversations + 1);
  }
});

test('a document is looked at before it is executed, also where the first who sent it was refused after it was parsed', async () => {
  const text = 'mutation { nothing }';
  const path = `/graphql?query=${encodeURIComponent(text)}`;
  const got = await exchange(origin, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect(got).toContain('405 Method Not Allowed');
  expect(await exchange(origin, post('/graphql', query(text)))).toContain('Cannot query field');
});

test('too many are refused as by the way of all', async () => {
  await using few = await startLimited({ operationsPerSecond: { viewer: 1 } });
  const at = few.url.replace('/graphql', '');
  const said = (path: string) =>
    post(path, query('{ __typename }'), { Authorization: 'Bearer ann', Origin: 'https://app.example' });
  await exchange(at, said('/graphql'));
  const [plain, all] = await Promise.all(ways.map(async (path) => comparable(await exchange(at, said(path)))));
  const timeless = (answer: unknown) =>
    JSON.stringify(answer).replace(/retry-after: \d+|Come back in [^.]*|retryAfterMs\W+\d+|content-length: \d+/g, '');
  expect(timeless(plain)).toBe(timeless(all));
  expect(plain).toMatchObject({ status: expect.stringContaining('429') });
});

test('a client that leaves while its body or its answer is awaited leaves nothing behind', async () => {
  const totals = vi.mocked(server.app.parts.store.usage.totals);
  const logged = server.app.logged.length;
  const half = openHttp(origin);
  half.socket.write(post('/graphql', query('{ __typename }')).subarray(0, -5));
  await vi.waitFor(async () => expect(server.looks()).toBeGreaterThan(0));
  const asked = new Promise<() => void>((resolve) => {
    totals.mockImplementationOnce(() => new Promise((answer) => resolve(() => answer(new Map()))));
  });
  const whole = openHttp(origin);
  whole.socket.write(post('/graphql', query('{ viewer { usage { generations } } }')));
  const answer = await asked;
  for (const { socket, closed } of [half, whole]) {
    socket.resetAndDestroy();
    await closed;
  }
  answer();
  expect(statuses(await exchange(origin, post('/graphql', query('{ __typename }'))))).toEqual([200]);
  expect(server.app.logged.slice(logged).filter(({ level }) => level >= 40)).toEqual([]);
});
