import { pino } from 'pino';
import { expect, test } from 'vitest';
import { MillraceError } from '../../src/domain/errors.ts';
import { originRules } from '../../src/server/origin.ts';
import { createHttpServer } from '../../src/server/server.ts';
import { startScriptedServer } from '../backends/scripted-server.ts';
import { startApp } from '../graphql/app.ts';

test('however often /ready is asked, the parts are not; what a driver says is for the log alone', async () => {
  const asked: string[] = [];
  const logged: string[] = [];
  const failing = (name: string, error: Error) => async () => {
    asked.push(name);
    throw error;
  };
  const http = createHttpServer({
    pipeline: undefined,
    readiness: {
      store: failing('store', new Error('no entry for host "10.1.2.3", user "root"')),
      bus: failing('bus', new MillraceError('UNAVAILABLE', 'Redis is away.')),
    },
    logger: pino({}, { write: (line: string) => void logged.push(line) }),
    origins: originRules({ origins: [], loopbackOnly: true }),
    trustedProxies: 0,
    limits: { bodyBytes: 1 << 20, messagesPerSecond: 100, subscriptionsPerSocket: 200 },
  });
  const url = await http.listen(0, '127.0.0.1');
  const bodies = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const response = await fetch(`${url}/ready`);
      return [response.status, await response.json()];
    }),
  );
  await http.close(500);
  const checks = { store: 'fails; the log says why', bus: 'Redis is away.' };
  for (const body of bodies) expect(body).toEqual([503, { status: 'not ready', checks }]);
  expect(asked.length).toBeLessThan(20);
  expect(asked.slice(0, 2)).toEqual(['store', 'bus']);
  expect(logged.join()).toContain('10.1.2.3');
});

test('a process that runs generations is ready when a backend is up as it finds itself, whatever the bus brings', async () => {
  await using server = await startScriptedServer();
  const backend = { kind: 'openai', url: server.url, model: 'scripted' };
  await using app = await startApp({
    yaml: JSON.stringify({ models: [{ id: 'm', probeInterval: '100ms', backends: [backend] }] }),
    alter: ({ bus }) => ({
      bus: {
        publish: async () => {},
        subscribe: (...args) => bus.subscribe(...args),
        check: () => bus.check(),
        close: () => bus.close(),
      },
    }),
  });
  const url = `${await app.listen()}/ready`;
  expect((await fetch(url)).status).toBe(200);
  await server.refuse();
  await expect
    .poll(async () => (await fetch(url)).json())
    .toEqual({ status: 'not ready', checks: { store: 'ok', bus: 'ok', backend: 'no backend is up' } });
});

test('a process that runs generations has probed its backends by the time that it has started', async () => {
  await using server = await startScriptedServer();
  server.modelsReply = () => new Promise<never>(() => {});
  const backend = { kind: 'openai', url: server.url, model: 'scripted' };
  const model = { id: 'm', timeouts: { probe: '200ms' }, backends: [backend] };
  await using app = await startApp({ yaml: JSON.stringify({ models: [model] }) });
  expect((await fetch(`${await app.listen()}/ready`)).status).toBe(503);
});
