import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedis, parseRedisUrl, whenReady } from '../src/redis-client.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

const at = (host: string, port: number) => ({ host, port });

test.for([
  ['redis://localhost', 'single', [at('localhost', 6379)], {}, ''],
  ['redis://127.0.0.1:7000/3', 'single', [at('127.0.0.1', 7000)], { db: 3 }, '3'],
  ['redis://[::1]:7000', 'single', [at('::1', 7000)], {}, ''],
  ['redis://:secret@r', 'single', [at('r', 6379)], { password: 'secret' }, ''],
  ['rediss://ann:p%40ss%3Aw@r:1', 'single', [at('r', 1)], { username: 'ann', password: 'p@ss:w', tls: {} }, ''],
  ['redis-sentinel://a,b:7/main', 'sentinel', [at('a', 26379), at('b', 7)], {}, 'main'],
  ['rediss-sentinel://:p@a/main', 'sentinel', [at('a', 26379)], { password: 'p', tls: {} }, 'main'],
  ['redis-cluster://a:1,b:2,[::1]', 'cluster', [at('a', 1), at('b', 2), at('::1', 6379)], {}, ''],
  ['rediss-cluster://a', 'cluster', [at('a', 6379)], { tls: {} }, ''],
] as const)('%s is understood', ([url, kind, hosts, options, group]) => {
  expect(parseRedisUrl(url)).toEqual({ kind, hosts, options, group });
});

test.for([
  '',
  'localhost:6379',
  'http://localhost',
  'redis://',
  'redis://a,b',
  'redis://a/name',
  'redis://a:x',
  'redis://a:70000',
  'redis://a:0',
  'redis://a b',
  'redis://us%er@a',
  'redis-sentinel://a',
  'redis-sentinel:///main',
  'redis-cluster://a,,b',
  'redis-cluster://a/1',
  'redis://a?db=1',
])('%j is refused', (url) => {
  expect(parseRedisUrl(url)).toBeUndefined();
});

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const connect = (patient: boolean) => {
  const address = parseRedisUrl(server.url);
  if (!address) throw new Error(`${server.url} is no address.`);
  return connectRedis(address, patient).on('error', () => {});
};

test('without patience a command fails at once while Redis is away, and works when it is back; with it, it waits', async () => {
  const [hasty, patient] = [connect(false), connect(true)];
  await Promise.all([whenReady(hasty, 5_000), whenReady(patient, 5_000)]);
  const gone = [once(hasty, 'close'), once(patient, 'close')];
  await server.kill();
  await Promise.all(gone);
  await expect(hasty.ping()).rejects.toThrow();
  const waiting = patient.set('key', 'value');
  const back = once(hasty, 'ready');
  await server.start();
  await Promise.all([waiting, back]);
  expect(await hasty.get('key')).toBe('value');
  hasty.disconnect();
  patient.disconnect();
});

test('without patience a command fails also where Redis is there and does not answer', async () => {
  const [hasty, other] = [connect(false), connect(true)];
  await whenReady(hasty, 5_000);
  await other.client('PAUSE', 4_000, 'ALL');
  await expect(hasty.ping()).rejects.toThrow('timed out');
  hasty.disconnect();
  other.disconnect();
});

test('waiting for a connection ends in time where there is none', async () => {
  const client = connectRedis({ kind: 'single', hosts: [at('127.0.0.1', 1)], options: {}, group: '' }, false);
  client.on('error', () => {});
  await whenReady(client, 50);
  expect(client.status).not.toBe('ready');
  client.disconnect();
});

test.for([
  ['redis://', '', /NOAUTH /],
  ['redis://:wrong@', '', /WRONGPASS /],
  ['redis-cluster://', '', /NOAUTH /],
  ['redis-cluster://:wrong@', '', /WRONGPASS /],
  ['redis://:right@', '/999', /DB index is out of range/],
] as const)('a Redis that lets nobody in by %s…%s ends the wait, and says why', async ([scheme, path, why]) => {
  await using stack = new AsyncDisposableStack();
  const locked = await startRedis({ args: ['--requirepass', 'right'] });
  stack.defer(() => locked.stop());
  const address = parseRedisUrl(`${scheme}127.0.0.1:${locked.port}${path}`);
  if (!address) throw new Error('This is no address.');
  const client = connectRedis(address, false).on('error', () => {});
  stack.defer(() => client.disconnect());
  const failure = await whenReady(client, 60_000).catch((error: unknown) => error);
  expect(`${failure}: ${(failure as Error).cause}`).toMatch(why);
  expect(String(failure)).toMatch(/REDIS_URL\. Set /);
});
