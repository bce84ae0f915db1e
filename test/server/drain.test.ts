import { once } from 'node:events';
import { connect } from 'node:net';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Pipeline } from '../../src/graphql/graphql.ts';
import { originRules } from '../../src/server/origin.ts';
import { createHttpServer } from '../../src/server/server.ts';
import { openSocket } from './raw-socket.ts';

const origins = originRules({ origins: [], loopbackOnly: true });
const place = async () => ({ release() {} });
const limits = { bodyBytes: 1 << 20, messagesPerSecond: 100, subscriptionsPerSocket: 200 };
/** Nobody comes in. */
const pipeline: Pipeline = {
  sockets: { ofAddress: place, ofViewer: place },
  handle() {},
  connect: () => Promise.reject(new Error('nobody')),
  execute: async () => ({}),
  async close() {},
};

test('once it drains, /ready says that the server stops, and /health that it is up', async () => {
  const http = createHttpServer({
    pipeline,
    readiness: {},
    logger: pino({ level: 'silent' }),
    origins,
    trustedProxies: 0,
    limits,
  });
  const url = await http.listen(0, '127.0.0.1');
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  http.drain();
  const ready = await fetch(`${url}/ready`);
  expect({ status: ready.status, body: await ready.json() }).toMatchObject({
    status: 503,
    body: { status: 'stopping' },
  });
  expect((await fetch(`${url}/health`)).status).toBe(200);
  await http.close(1_000);
});

test('a stop tells every socket to come back, also where it takes its time over many', async () => {
  const logger = pino({ level: 'silent' });
  const http = createHttpServer({ pipeline, readiness: {}, logger, origins, trustedProxies: 0, limits, spreadMs: 200 });
  const url = await http.listen(0, '127.0.0.1');
  const sockets = await Promise.all(
    Array.from({ length: 30 }, () => openSocket(`${url.replace('http', 'ws')}/graphql`)),
  );
  await http.close(2_000);
  expect(new Set(await Promise.all(sockets.map(({ closed }) => closed)))).toEqual(new Set([1012]));
});

test('a process that only works says so to whoever asks for more', async () => {
  const logger = pino({ level: 'silent' });
  const http = createHttpServer({ pipeline: undefined, readiness: {}, logger, origins, trustedProxies: 0, limits });
  const url = await http.listen(0, '127.0.0.1');
  const response = await fetch(`${url}/graphql`);
  expect(response.status).toBe(404);
  expect(await response.text()).toMatch(/answers nothing but \/health and \/ready/);
  await http.close(1_000);
});

test('a refused upgrade is told why, and holds nobody: also where the client keeps its side open', async () => {
  const http = createHttpServer({
    pipeline,
    readiness: {},
    logger: pino({ level: 'silent' }),
    origins,
    trustedProxies: 0,
    limits,
  });
  const { hostname, port, host } = new URL(await http.listen(0, '127.0.0.1'));
  const client = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  client.write(`GET /elsewhere HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
  let answer = '';
  client.setEncoding('utf8').on('data', (text) => {
    answer += text;
  });
  await once(client, 'end');
  expect(answer).toMatch(/^HTTP\/1\.1 404 .*\r\n\r\nWebSockets are taken at \/graphql only\.\n$/s);
  // Waits for every connection that is left.
  await http.close(1_000);
  client.destroy();
});
