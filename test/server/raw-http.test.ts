import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type TestApp } from '../graphql/app.ts';
import { closedBy, upgrade } from './raw-frames.ts';
import { exchange, openHttp, requestText, statuses } from './raw-http.ts';
import { startScriptedPipeline } from './scripted-pipeline.ts';

let app: TestApp;
let origin = '';
beforeAll(async () => {
  app = await startApp({ yaml: 'limits: { body: 4KiB }' });
  origin = await app.listen();
});
afterAll(() => app[Symbol.asyncDispose]());

const json = { 'Content-Type': 'application/json' };
const body = '{"query":"{ __typename }"}';
const length = { 'Content-Length': String(body.length) };
const post = (headers: Record<string, string>, text = body) =>
  requestText('POST /graphql', { ...json, ...headers }, text);
const chunked = (...chunks: string[]) =>
  post(
    { 'Transfer-Encoding': 'chunked' },
    `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`,
  );
const large = JSON.stringify({ query: `{ __typename } # ${'x'.repeat(5_000)}` });

/** What is said, and the status of each answer before the connection is closed. */
const cases: [what: string, said: string | Buffer, answers: number[]][] = [
  ['a good request', post(length), [200]],
  ['a good request in chunks', chunked(body.slice(0, 5), body.slice(5)), [200]],
  ['two requests in one piece', post({ ...length, Connection: 'keep-alive' }) + post(length), [200, 200]],
  [
    'an offer to go on with HTTP/2',
    post({ ...length, Connection: 'Upgrade, HTTP2-Settings, close', Upgrade: 'h2c' }),
    [200],
  ],
  ['an absolute URI', requestText('GET http://localhost/health'), [200]],
  ['an absolute URI with a port', requestText('GET http://localhost:4000/health', { Host: 'localhost:4000' }), [200]],
  ['a path that is none', requestText('OPTIONS *'), [400]],
  ['garbage', 'garbage\r\n\r\n', [400]],
  ['garbage after a request', `${post({ ...length, Connection: 'keep-alive' })}garbage\r\n\r\n`, [400]],
  ['what begins a TLS connection', Buffer.from('16030100f5010000f1030300', 'hex'), [400]],
  ['another version of HTTP', 'GET / HTTP/3.0\r\nHost: localhost\r\n\r\n', [400]],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
  ['no Host', 'GET /graphql HTTP/1.1\r\n\r\n', [400]],
  ['a null byte in a header', requestText('GET /graphql', { A: 'b\0c' }), [400]],
  ['a header’s name with a space', requestText('GET /graphql', { 'A b': 'c' }), [400]],
  ['both lengths', post({ ...length, 'Transfer-Encoding': 'chunked' }), [400]],
  ['two lengths', post({ 'Content-Length': '26', 'content-length': '27' }), [400]],
  ['a length that is none', post({ 'Content-Length': '-1' }), [400]],
  ['a chunk without a length', post({ 'Transfer-Encoding': 'chunked' }, 'xyz\r\n'), [400]],
  ['an unknown method', requestText('BREW /graphql'), [400]],
  ['TRACE', requestText('TRACE /graphql'), [405]],
  ['CONNECT', requestText('CONNECT example.com:443'), []],
  ['a header of 20 KB', requestText('GET /graphql', { A: 'x'.repeat(20_000) }), [431]],
  [
    '2,000 headers',
    requestText('GET /graphql', Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`A${i}`, '']))),
    [431],
  ],
  ['a URL of 20 KB', requestText(`GET /graphql?query=${'x'.repeat(20_000)}`), [431]],
  ['an expectation', post({ ...length, Expect: 'miracles' }), [417]],
  ['a body that is too large', post({ 'Content-Length': String(large.length) }, large), [413]],
  ['a body that is announced too large', post({ 'Content-Length': '99999999999' }, ''), [413]],
  ['a body that is too large in chunks', chunked(...(large.match(/.{1,1000}/g) ?? [])), [413]],
  ['a compressed body', post({ 'Content-Encoding': 'gzip', 'Content-Length': '26' }), [415]],
  ['an upgrade to an unknown version', upgrade({ 'Sec-WebSocket-Version': '99' }), [400]],
  ['an upgrade without a version', upgrade({ 'Sec-WebSocket-Version': '' }), [400]],
  ['an upgrade without a key', upgrade({ 'Sec-WebSocket-Key': '' }), [400]],
  ['an upgrade with a key that is none', upgrade({ 'Sec-WebSocket-Key': 'x' }), [400]],
  ['an upgrade by POST', upgrade().replace('GET', 'POST'), [405]],
  ['an upgrade with protocols that are none', upgrade({ 'Sec-WebSocket-Protocol': 'a,,b' }), [400]],
  ['an upgrade of another page', upgrade({ Origin: 'http://example.com' }), [403]],
  ['an upgrade on another path', upgrade().replace('/graphql', '/health'), [404]],
];

test.each(cases)('answered as HTTP has it, and closed: %s', async (_what, said, answers) => {
  expect(statuses(await exchange(origin, said))).toEqual(answers);
});

test.each(['', '[', 'a b', '%', 'x:99999', 'a/b?c', 'localhost/health?', 'localhost#', 'localhost\\x', 'me@localhost'])(
  'a Host that names no place (%j) is the client’s to know, and no failure of the server',
  async (host) => {
    const answer = await exchange(origin, requestText('GET /graphql?query={__typename}', { Host: host }));
    expect(statuses(answer)).toEqual([400]);
    expect(answer).toContain('"code":"BAD_USER_INPUT"');
    expect(answer).not.toMatch(/at .*:\d+:\d+|node_modules/);
    expect(statuses(await exchange(origin, upgrade({ Host: host })))).toEqual([403]);
  },
);

test('an upgrade that is sent again on its own socket is no frame, and closes that with 1002', async () => {
  expect(await closedBy(origin, Buffer.from(upgrade()))).toBe(1002);
});

test.each([
  ['too large', { 'content-type': 'application/json' }, large, 413],
  ['compressed', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, gzipSync(body), 415],
])('a body that is %s is an error as GraphQL has them, which a page can read', async (_what, headers, sent, status) => {
  const page = { origin: 'http://localhost:3000' };
  const response = await fetch(`${origin}/graphql`, { method: 'POST', headers: { ...headers, ...page }, body: sent });
  expect(response.status).toBe(status);
  expect(response.headers.get('access-control-allow-origin')).toBe(page.origin);
  expect(await response.json()).toEqual({
    errors: [{ message: expect.any(String), extensions: { code: 'BAD_USER_INPUT' } }],
  });
});

test('a client that is gone in the middle of its body is no error of the server', async () => {
  const encodings: Record<string, string>[] = [{ 'Content-Length': '1000' }, { 'Transfer-Encoding': 'chunked' }];
  for (const encoding of encodings) {
    const { socket, closed } = openHttp(origin);
    await new Promise<void>((resolve) => socket.write(post(encoding, '3e8\r\n{"query'), () => resolve()));
    socket.resetAndDestroy();
    await closed;
  }
  expect((await fetch(`${origin}/health`)).status).toBe(200);
  expect(app.logged.filter(({ level }) => level >= 40)).toEqual([]);
});

test.each([
  ['headers', 'GET /health HTTP/1.1\r\nHost: localhost\r\n', 'A: b\r\n'],
  ['a body', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n', 'x'],
  ['nothing', '', ''],
])('a connection on which %s trickles is closed in time', async (_what, begin, more) => {
  const server = await startScriptedPipeline(
    {},
    { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 },
  );
  const { socket, closed } = openHttp(server.url.replace('ws:', 'http:'));
  await once(socket, 'connect');
  socket.write(begin);
  const trickle = setInterval(() => more && socket.write(more), 20);
  expect(statuses(await closed)).toEqual([408]);
  clearInterval(trickle);
  await server.close();
});
