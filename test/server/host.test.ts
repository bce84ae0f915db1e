import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { startApp, type TestApp } from '../graphql/app.ts';

let app: TestApp;
let url: URL;
beforeAll(async () => {
  app = await startApp();
  url = new URL(await app.listen());
});
afterAll(() => app[Symbol.asyncDispose]());

/** The status of a query that a page would send which has had its own name lead here. */
function statusFor(host: string): Promise<number | undefined> {
  const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request({ ...{ hostname: url.hostname, port: url.port, path: '/graphql', method: 'POST' }, headers });
    sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    sent.end('{"query":"{ viewer { id } }"}');
  });
}

test.each(['localhost', '127.0.0.1:4000', '[::1]:4000'])('a page of %s may ask', async (host) => {
  expect(await statusFor(host)).toBe(200);
});

test.each(['evil.example', 'evil.example:4000', 'localhost.evil.example', '127.0.0.1.evil.example'])(
  'a page whose own name %s leads here reads nothing, over HTTP and WebSocket',
  async (host) => {
    expect(await statusFor(host)).toBe(403);
    const options = { headers: { host }, origin: `http://${host}` };
    const [error] = await once(new WebSocket(`ws://${url.host}/graphql`, 'graphql-transport-ws', options), 'error');
    expect(error.message).toContain('403');
  },
);
