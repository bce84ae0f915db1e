import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Pipeline } from '../../src/graphql/graphql.ts';
import { originRules } from '../../src/server/origin.ts';
import { createHttpServer } from '../../src/server/server.ts';
import { openSocket } from './raw-socket.ts';

const origins = originRules({ origins: [], loopbackOnly: true });
const limits = { bodyBytes: 1 << 20, messagesPerSecond: 100, subscriptionsPerSocket: 200 };
/** Nobody comes in. */
const pipeline: Pipeline = {
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
