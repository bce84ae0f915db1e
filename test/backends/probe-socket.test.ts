import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Backend, BackendError } from '../../src/backends/backend.ts';
import { Pool, type PoolState } from '../../src/backends/pool.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

/** A backend that is probed by a GET. */
const httpBackend = (port: number): Backend => ({
  name: 'a',
  kind: 'test',
  ...{ continues: true },
  generate: () => {
    throw new Error('The pool generates nothing.');
  },
  async probe(signal) {
    const request = get({ host: '127.0.0.1', port, agent: false, signal });
    const [response] = await once(request, 'response').catch((cause) => {
      signal.throwIfAborted();
      throw new BackendError('unreachable', 'a: the connection failed.', { cause });
    });
    response.resume();
    if (response.statusCode !== 200) throw new BackendError('unavailable', `a answered ${response.statusCode}.`);
  },
});

/** A pool of one, and the next time that it tells a status. */
function watched(port: number) {
  const statuses: string[] = [];
  let wake = () => {};
  const onChange = ({ status }: PoolState) => {
    statuses.push(status);
    wake();
  };
  const backends = [{ backend: httpBackend(port), concurrency: 1 }];
  const pool = new Pool({ modelId: 'm', backends, probeIntervalMs: 20, probeTimeoutMs: 500, onChange });
  closers.push(() => pool.close());
  const until = async (status: string) => {
    while (statuses.at(-1) !== status) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { pool, until };
}

test('a server that goes and comes back is out and back', async () => {
  const server = createServer((_, response) => response.end());
  const port = await listen(server);
  const { pool, until } = watched(port);
  pool.start();
  await stop(server);
  await until('OFFLINE');
  expect(pool.state().backends[0]?.lastError).toContain('a: the connection failed.');
  const waiting = pool.acquire({ signal: new AbortController().signal });
  const again = createServer((_, response) => response.end());
  await listen(again, port);
  closers.unshift(() => stop(again));
  await until('ONLINE');
  (await waiting).end();
});

test('a server that answers 503, or not at all, is out until it answers well', async () => {
  let answer: 'well' | 'badly' | 'never' = 'badly';
  const server = createServer((_, response) => {
    response.statusCode = answer === 'badly' ? 503 : 200;
    if (answer !== 'never') response.end();
  });
  const { pool, until } = watched(await listen(server));
  closers.unshift(() => stop(server));
  pool.start();
  await until('OFFLINE');
  answer = 'well';
  await until('ONLINE');
  answer = 'never';
  await until('OFFLINE');
  answer = 'well';
  await until('ONLINE');
  expect(pool.state().backends[0]?.lastError).toContain('did not answer within 500 ms');
});
