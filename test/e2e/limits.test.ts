import { once } from 'node:events';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { startServer, type TestServer } from './server.ts';

const yaml = `
models: [{ id: ngram, backends: [{ kind: ngram }] }]
limits: { operationsPerSecond: { viewer: 1000 }, sockets: { viewer: 100, ip: 3 } }`;

let redis: RedisServer;
/** Two nodes that have nothing in common but their Redis. */
let nodes: [TestServer, TestServer];
beforeAll(async () => {
  redis = await startRedis();
  const start = () => startServer({ yaml, env: { REDIS_URL: redis.url, MILLRACE_ROLE: 'api' } });
  nodes = [await start(), await start()];
});
afterAll(async () => {
  for (const node of nodes) await node.stop();
  await redis.stop();
});

const body = JSON.stringify({ query: '{ viewer { id } }' });

/** Asks a node, and gives how many operations are left after that. */
async function left({ url }: TestServer): Promise<number> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(response.status).toBe(200);
  return Number(/"viewer";r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1]);
}

/** A socket of a node, let in; the status that it was refused with otherwise. */
async function open({ wsUrl }: TestServer): Promise<WebSocket | number> {
  const socket = new WebSocket(wsUrl, 'graphql-transport-ws').on('error', () => {});
  const opened = once(socket, 'open').then(async () => {
    // Whoever says nothing is soon closed.
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await once(socket, 'message');
    return socket;
  });
  const refused = once(socket, 'unexpected-response').then(([, { statusCode }]) => statusCode as number);
  refused.then(() => socket.terminate());
  return await Promise.race([opened, refused]);
}

/** Sockets of a node until it has none left. */
async function openAll(node: TestServer): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (;;) {
    const socket = await open(node);
    if (typeof socket === 'number') return sockets;
    sockets.push(socket);
  }
}

test('operations are counted by all nodes together', async () => {
  const [a, b] = nodes;
  // A window may end on the way.
  await vi.waitFor(async () => {
    const first = await left(a);
    const rest = [await left(b), await left(a), await left(b), await left(b)];
    expect(rest).toEqual([1, 2, 3, 4].map((n) => first - n));
  }, 20_000);
});

test('sockets are counted by all nodes together, and those of a killed one are free again', async () => {
  const [a, b] = nodes;
  const one = await open(b);
  expect(one).toBeInstanceOf(WebSocket);
  expect(await openAll(a)).toHaveLength(2);
  expect(await open(b)).toBe(429);
  await a.kill();
  const sockets: WebSocket[] = [];
  await vi.waitFor(
    async () => {
      sockets.push(...(await openAll(b)));
      expect(sockets).toHaveLength(2);
    },
    { timeout: 20_000, interval: 200 },
  );
  expect(await open(b)).toBe(429);
  for (const socket of [one as WebSocket, ...sockets]) socket.terminate();
  await a.restart();
});

test('Redis is away: operations and sockets go on, counted by each node, which says so once', async () => {
  const [a, b] = nodes;
  await redis.kill();
  await left(a);
  const sockets: WebSocket[] = [];
  await vi.waitFor(async () => {
    const first = await left(a);
    expect(await left(a)).toBe(first - 1);
    await left(b);
    expect(await left(a)).toBe(first - 2);
  }, 20_000);
  sockets.push(...(await openAll(b)));
  expect(sockets).toHaveLength(3);
  expect(a.output().match(/"message":"[^"]*each node for itself/g)).toHaveLength(1);
  await redis.start();
  // What was let in meanwhile is told.
  await vi.waitFor(async () => expect(await open(a)).toBe(429), { timeout: 20_000, interval: 100 });
  await vi.waitFor(async () => {
    const first = await left(a);
    expect(await left(b)).toBe(first - 1);
  }, 20_000);
  for (const socket of sockets) socket.terminate();
});
