import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { startServer, type TestServer } from './server.ts';

const bin = new URL('../../bin/millrace.js', import.meta.url).pathname;
const yaml = 'auth: { mode: apiKey }\nmodels: [{ id: moby, backends: [{ kind: ngram, tokensPerSecond: 1 }] }]';

let redis: RedisServer;
let postgres: PostgresServer;
let here: TestServer;
let there: TestServer;
let admin = '';
beforeAll(async () => {
  [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  const env = { REDIS_URL: redis.url, DATABASE_URL: await postgres.database() };
  // What fails of an outage meanwhile is told there.
  const told = { ...env, LOG_LEVEL: 'debug' };
  [here, there] = await Promise.all([startServer({ yaml, env }), startServer({ yaml, env: told })]);
  const create = [bin, 'key', 'create', '--name', 'Admin', '--role', 'ADMIN'];
  const made = await promisify(execFile)(process.execPath, create, { cwd: here.folder, env: here.env });
  admin = made.stdout.trim();
});
afterAll(async () => {
  await Promise.all([here?.stop(), there?.stop()]);
  await Promise.all([redis?.stop(), postgres?.stop()]);
});

async function ask<Data>({ url }: TestServer, query: string, shown: string): Promise<{ status: number; data: Data }> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${shown}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return { status: response.status, data: (await response.json()).data };
}

interface Made {
  readonly createApiKey: { readonly apiKey: { readonly id: string }; readonly secret: string };
}

/** A new key's socket and event stream on the other node, each with its first event. */
async function openThere() {
  const create = 'mutation { createApiKey(input: { name: "Robot" }) { apiKey { id } secret } }';
  const { apiKey, secret } = (await ask<Made>(here, create, admin)).data.createApiKey;
  const authorization = `Bearer ${secret}`;
  const closed = Promise.withResolvers<number>();
  const ws = createClient({
    ...{ url: there.wsUrl, connectionParams: { authorization }, retryAttempts: 0, lazy: false },
    onNonLazyError: () => {},
    on: { closed: (event) => closed.resolve((event as CloseEvent).code) },
  });
  const sse = createSseClient({ url: there.url, headers: { authorization }, retryAttempts: 0 });
  const query = 'subscription { model { id } }';
  const streams = [ws.iterate({ query }), sse.iterate({ query })];
  for (const stream of streams) expect((await stream.next()).value).toHaveProperty('data');
  const revoke = () => ask(here, `mutation { revokeApiKey(input: { id: "${apiKey.id}" }) { apiKey { id } } }`, admin);
  return { secret, streams, closed: closed.promise, revoke };
}

/** What a stream ends with: its error. */
async function end(stream: AsyncIterable<unknown>): Promise<unknown> {
  let last: unknown;
  try {
    for await (last of stream);
  } catch (error) {
    return error;
  }
  return (last as { errors?: unknown }).errors;
}

const unauthenticated = [{ extensions: expect.objectContaining({ code: 'UNAUTHENTICATED' }) }];

test('a key that is revoked at one node ends what is open with it at the other', async () => {
  const { secret, streams, closed, revoke } = await openThere();
  await revoke();
  expect(await Promise.all(streams.map(end))).toMatchObject([unauthenticated, unauthenticated]);
  expect(await closed).toBe(4403);
  expect((await ask(there, '{ viewer { id } }', secret)).status).toBe(401);
});

test('no message between the nodes has to pass for that', async () => {
  const { streams, closed, revoke } = await openThere();
  const client = new Redis(redis.url);
  await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  redis.signal('SIGSTOP');
  try {
    await revoke();
    expect(await closed).toBe(4403);
  } finally {
    redis.signal('SIGCONT');
    client.disconnect();
  }
  expect(await Promise.all(streams.map(end))).toMatchObject([unauthenticated, unauthenticated]);
});

test('while Postgres is away what is known stays good; what is revoked after that ends', async () => {
  const { secret, streams, closed, revoke } = await openThere();
  const stranger = (await openThere()).secret;
  await postgres.kill();
  // Longer than it would take to end, had it been revoked.
  await expect.poll(() => there.output().split('failed for now').length, { timeout: 30_000 }).toBeGreaterThan(3);
  expect((await ask(there, '{ models { id } }', secret)).status).toBe(200);
  expect((await ask(here, '{ models { id } }', stranger)).status).toBe(503);
  await postgres.start();
  await expect.poll(async () => (await revoke()).status).toBe(200);
  expect(await closed).toBe(4403);
  expect(await Promise.all(streams.map(end))).toMatchObject([unauthenticated, unauthenticated]);
});
