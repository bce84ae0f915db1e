import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient as createSseClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Issuer, startIssuer } from '../auth/issuer.ts';
import { blocks } from '../docs/markdown.ts';
import { temporaryFolder } from '../folder.ts';
import { openSocket, subscribe } from '../server/raw-socket.ts';
import { keyId, millrace } from './command.ts';
import { startServer, type TestServer } from './server.ts';

let issuer: Issuer;
let server: TestServer;
/** All that was shown to the server, or by it. */
const secrets: string[] = [];
beforeAll(async () => {
  issuer = await startIssuer();
  const { issuer: iss, audience, jwksUrl } = issuer;
  const yaml = `
auth: { mode: [apiKey, jwt], jwt: { issuer: "${iss}", audience: "${audience}", jwks: "${jwksUrl}", clockTolerance: 1ms } }
models: [{ id: moby, backends: [{ kind: ngram, tokensPerSecond: 20 }] }]`;
  server = await startServer({ yaml, env: { LOG_LEVEL: 'trace' } });
});
afterAll(async () => {
  await server?.stop();
  await issuer?.[Symbol.asyncDispose]();
});

const noted = (token: string): string => {
  secrets.push(token);
  return token;
};
const token = async (sub: string, claims = {}) => noted(await issuer.token(sub, { claims }));
/** Of a token that is good for so many seconds yet, and not long after. */
const inSeconds = (seconds: number) => Date.now() / 1000 + seconds;

async function makeKey(...args: string[]): Promise<{ id: string; token: string }> {
  const made = noted(await millrace(server, 'key', 'create', ...args));
  return { id: keyId(made), token: made };
}

async function post(query: string, authorization?: string) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ query }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function generate(shown: string, maxTokens = 2_000): Promise<string> {
  const query = `mutation { generate(input: { prompt: "x", parameters: { maxTokens: ${maxTokens} } }) { generation { id } } }`;
  const { body } = await post(query, `Bearer ${shown}`);
  return body.data.generate.generation.id;
}

const follow = (id: string) => `subscription { generation(id: "${id}") { __typename cursor } }`;

/** Resolves once `count` events have come; `ended` once the stream is over, with its last result or error. */
function reading(results: AsyncIterable<unknown>) {
  const begun = Promise.withResolvers<void>();
  const ended = (async () => {
    let last: unknown;
    let count = 0;
    try {
      for await (last of results) if (++count === 3) begun.resolve();
    } catch (error) {
      last = { errors: error };
    }
    begun.reject(new Error(`over after ${count}: ${JSON.stringify(last)}`));
    return { last, count };
  })();
  begun.promise.catch(() => {});
  return { begun: begun.promise, ended };
}

/** A stock client that does not come back, and what its socket was closed with. */
function wsClient(shown: string): { client: Client; closed: Promise<number> } {
  const closed = Promise.withResolvers<number>();
  const client = createClient({
    url: server.wsUrl,
    connectionParams: async () => ({ authorization: `Bearer ${shown}` }),
    retryAttempts: 0,
    // Otherwise it goes by itself when its last stream ends.
    lazy: false,
    onNonLazyError: () => {},
    on: { closed: (event) => closed.resolve((event as CloseEvent).code) },
  });
  onTestFinished(() => void client.dispose());
  return { client, closed: closed.promise };
}

const sseClient = (shown: string) =>
  createSseClient({ url: server.url, headers: { authorization: `Bearer ${shown}` }, retryAttempts: 0 });

const unauthenticated = { extensions: expect.objectContaining({ code: 'UNAUTHENTICATED' }) };

/** Follows a generation over both transports at once, until what `end` does has ended both. */
async function expectBothToEnd(shown: string, end: () => Promise<unknown>) {
  const id = await generate(shown);
  const { client, closed } = wsClient(shown);
  const sse = sseClient(shown);
  const streams = [reading(client.iterate({ query: follow(id) })), reading(sse.iterate({ query: follow(id) }))];
  await Promise.all(streams.map(({ begun }) => begun));
  await end();
  const [ws, events] = await Promise.all(streams.map(({ ended }) => ended));
  expect(ws?.last).toMatchObject({ errors: [unauthenticated] });
  expect(events?.last).toMatchObject({ errors: [unauthenticated] });
  expect(events?.last).not.toHaveProperty('data');
  expect(await closed).toBe(4403);
  expect(await post('{ viewer { id } }', `Bearer ${shown}`)).toMatchObject({ status: 401 });
}

test('a key that the command makes while the server runs lets in, until the command revokes it', async () => {
  const { id, token } = await makeKey('--name', 'Robot', '--role', 'ADMIN');
  const { body } = await post('{ viewer { name role } }', `Bearer ${token}`);
  expect(body).toEqual({ data: { viewer: { name: 'Robot', role: 'ADMIN' } } });
  expect(await millrace(server, 'key', 'list')).toContain(`${id}  ADMIN `);
  await expectBothToEnd(token, () => millrace(server, 'key', 'revoke', id));
});

test('an admin’s mutation revokes a key, and all that is open with it ends', async () => {
  const [admin, robot] = [await makeKey('--name', 'Admin', '--role', 'ADMIN'), await makeKey('--name', 'Robot')];
  const revoke = `mutation { revokeApiKey(input: { id: "${robot.id}" }) { apiKey { id } } }`;
  await expectBothToEnd(robot.token, () => post(revoke, `Bearer ${admin.token}`));
});

test('a token that expires ends all that is open with it', async () => {
  const shown = await token('ann', { exp: inSeconds(3) });
  await expectBothToEnd(shown, async () => {});
});

test('over HTTP what is missing, wrong or of another kind is 401, and says how to come in', async () => {
  const good = await token('ann');
  const wrong = [
    undefined,
    good,
    `Basic ${good}`,
    'Bearer',
    'Bearer x',
    `Bearer ${good}x`,
    `Bearer ${await token('ann', { aud: 'x' })}`,
    `Bearer ${await token('ann', { exp: inSeconds(-60) })}`,
    `Bearer millrace_key_${'0'.repeat(26)}_${'0'.repeat(64)}`,
  ];
  for (const authorization of wrong) {
    const { status, headers, body } = await post('{ viewer { id } }', authorization);
    expect({ status, scheme: headers.get('www-authenticate') }).toEqual({ status: 401, scheme: 'Bearer' });
    expect(body).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }] });
  }
  expect((await post('{ viewer { name } }', `bearer ${good}`)).body).toEqual({ data: { viewer: { name: 'ann' } } });
});

test.each<[string, (shown: string) => { params?: object; headers?: Record<string, string> }]>([
  ['connectionParams with authorization', (shown) => ({ params: { authorization: `Bearer ${shown}` } })],
  ['connectionParams with Authorization', (shown) => ({ params: { Authorization: `Bearer ${shown}` } })],
  ['connectionParams with token', (shown) => ({ params: { token: shown } })],
  ['the upgrade request', (shown) => ({ headers: { authorization: `Bearer ${shown}` } })],
])('over WebSocket the token may come by %s, and nothing comes in without', async (_way, place) => {
  for (const [shown, type] of [
    [await token('ann'), 'connection_ack'],
    [await token('ann', { exp: inSeconds(-60) }), 'closed'],
  ] as const) {
    const { params, headers } = place(shown);
    const socket = await openSocket(server.wsUrl, { ...(headers && { headers }) });
    socket.send({ type: 'connection_init', ...(params && { payload: params }) });
    if (type === 'closed') expect(await socket.closed).toBe(4403);
    else expect(await socket.next()).toEqual({ type });
    socket.terminate();
  }
  const nobody = await openSocket(server.wsUrl);
  nobody.send({ type: 'connection_init' });
  expect(await nobody.closed).toBe(4403);
});

test('docs/auth.md’s client goes on with a new token on its open socket, and loses no stream', async () => {
  const [program = ''] = blocks(readFileSync(new URL('../../docs/auth.md', import.meta.url), 'utf8'), 'js tested');
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const file = join(folder.path, 'signed-in.mjs');
  writeFileSync(file, program.replace("'graphql-ws'", JSON.stringify(import.meta.resolve('graphql-ws'))));
  const { signedIn } = await import(/* @vite-ignore */ pathToFileURL(file).href);

  const exp = inSeconds(3);
  const tokens = [await token('bob', { exp }), await token('bob')];
  const id = await generate(tokens[1] ?? '', 90);
  const { client, refresh } = signedIn(server.wsUrl, async () => tokens.shift());
  onTestFinished(() => void client.dispose());
  let sockets = 0;
  client.on('connected', () => sockets++);
  const stream = reading(client.iterate({ query: follow(id) }));
  await stream.begun;
  const accepted = new Promise<void>((resolve) => client.on('pong', () => resolve()));
  await refresh();
  await accepted;
  // It takes 4.5 s to its end, which is after the first token’s.
  const { last } = await stream.ended;
  expect(last).toMatchObject({ data: { generation: { __typename: 'GenerationEnded' } } });
  expect(Date.now() / 1000).toBeGreaterThan(exp);
  expect(sockets).toBe(1);
});

test('another viewer’s token, or a wrong one, renews nothing: the socket closes', async () => {
  for (const shown of [await token('eve'), 'x', '']) {
    const socket = await openSocket(server.wsUrl);
    socket.send({ type: 'connection_init', payload: { token: await token('bob') } });
    await socket.next();
    socket.send(subscribe('1', 'subscription { model { id } }'));
    expect(await socket.next('1')).toMatchObject({ type: 'next' });
    socket.send({ type: 'ping', payload: { authorization: `Bearer ${shown}` } });
    expect(await socket.closed).toBe(4403);
  }
});

test('where tokens can not be checked, it is UNAVAILABLE; what is known stays good, and an open socket open', async () => {
  const known = await token('bob');
  const socket = await openSocket(server.wsUrl);
  socket.send({ type: 'connection_init', payload: { token: known } });
  expect(await socket.next()).toMatchObject({ type: 'connection_ack' });
  const { keys } = issuer;
  await issuer.rotate();
  const fresh = await token('bob');
  issuer.answers(503);
  // The keys that the server has were fetched at most 5 s ago at the start of this: it must want them again.
  await expect.poll(async () => (await post('{ viewer { id } }', `Bearer ${fresh}`)).status).toBe(503);
  expect((await post('{ viewer { id } }', `Bearer ${known}`)).status).toBe(200);
  socket.send({ type: 'ping', payload: { token: fresh } });
  expect(await socket.next()).toEqual({ type: 'pong' });
  socket.send(subscribe('1', '{ viewer { name } }'));
  expect(await socket.next('1')).toMatchObject({ payload: { data: { viewer: { name: 'bob' } } } });
  const other = await openSocket(server.wsUrl);
  other.send({ type: 'connection_init', payload: { token: fresh } });
  expect(await other.closed).toBe(1013);
  issuer.answers(200);
  await expect.poll(async () => (await post('{ viewer { id } }', `Bearer ${fresh}`)).status).toBe(200);
  expect(keys).toHaveLength(1);
  socket.terminate();
});

test('the log has no token and no secret of all those above, however much it logs', async () => {
  await server.kill('SIGTERM');
  const log = server.output();
  expect(log).toContain('stopped');
  expect(secrets.length).toBeGreaterThan(20);
  for (const each of secrets) expect(log).not.toContain(each.slice(-40));
});
