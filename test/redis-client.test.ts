import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { probeRedis } from '../src/redis-client/probe.ts';
import {
  connectRedis,
  lacksGroup,
  parseRedisUrl,
  type RedisAddress,
  type RedisUse,
  redisOptions,
  watchRedis,
  whenReady,
} from '../src/redis-client.ts';
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

test.for([
  ['redis-sentinel://a', true],
  ['rediss-sentinel://:p@a:7,b/', true],
  ['redis-sentinel://a/main', false],
  ['redis-sentinel://a b', false],
  ['redis://a', false],
] as const)('%s lacks a group: %s', ([url, lacks]) => {
  expect(lacksGroup(url)).toBe(lacks);
});

test('Sentinels are asked with TLS where the Redis has it, and none of them may be silent', () => {
  const optionsOf = (url: string) => redisOptions(parseRedisUrl(url) as RedisAddress, 'messages');
  const silence = { connectTimeout: 2_000, sentinelCommandTimeout: 2_000, socketTimeout: 2_000, keepAlive: 2_000 };
  const encrypted = { enableTLSForSentinelMode: true, sentinelTLS: {}, tls: {} };
  expect(optionsOf('rediss-sentinel://:p@a/main')).toMatchObject({ ...silence, ...encrypted, password: 'p' });
  const plain = optionsOf('redis-sentinel://a/main');
  expect(plain).toMatchObject(silence);
  for (const name of Object.keys(encrypted)) expect(plain).not.toHaveProperty(name);
  expect(optionsOf('rediss://a')).not.toHaveProperty('enableTLSForSentinelMode');
});

test('a connection that waits for jobs in Redis may be silent for longer than BullMQ waits there, 10 s', () => {
  const { socketTimeout, commandTimeout } = redisOptions(parseRedisUrl('redis://a') as RedisAddress, 'jobs');
  expect(socketTimeout).toBe(12_000);
  expect(commandTimeout).toBeUndefined();
});

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const connect = (use: RedisUse, url = server.url) => {
  const address = parseRedisUrl(url);
  if (!address) throw new Error(`${url} is no address.`);
  return connectRedis(address, use).on('error', () => {});
};

test('without patience a command fails at once while Redis is away, and works when it is back; with it, it waits', async () => {
  const [hasty, patient] = [connect('commands'), connect('jobs')];
  await Promise.all([whenReady(hasty, 5_000), whenReady(patient, 5_000)]);
  const gone = [once(hasty, 'close'), once(patient, 'close')];
  await server.kill();
  await Promise.all(gone);
  await expect(hasty.ping()).rejects.toThrow();
  const waiting = patient.set('key', 'value');
  await server.start();
  await Promise.all([waiting, whenReady(hasty, 20_000)]);
  expect(await hasty.get('key')).toBe('value');
  hasty.disconnect();
  patient.disconnect();
});

test('without patience a command fails also where Redis is there and does not answer', async () => {
  const [hasty, other] = [connect('commands'), connect('jobs')];
  await whenReady(hasty, 5_000);
  await other.client('PAUSE', 4_000, 'ALL');
  await expect(hasty.ping()).rejects.toThrow('timed out');
  hasty.disconnect();
  other.disconnect();
});

test('waiting for a connection ends in time where there is none', async () => {
  const client = connectRedis({ kind: 'single', hosts: [at('127.0.0.1', 1)], options: {}, group: '' }, 'commands');
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
  const client = connectRedis(address, 'commands').on('error', () => {});
  stack.defer(() => client.disconnect());
  const failure = await whenReady(client, 60_000).catch((error: unknown) => error);
  expect(`${failure}: ${(failure as Error).cause}`).toMatch(why);
  expect(String(failure)).toMatch(/REDIS_URL\. Set /);
});

test.for([
  ['redis-cluster://', '', /is no cluster\. Set redis:/],
  ['redis-sentinel://', '/main', /is no Sentinel\. Set redis:/],
] as const)('a plain Redis at %s…%s ends the wait, and says what to set', async ([scheme, path, mend]) => {
  const address = parseRedisUrl(`${scheme}127.0.0.1:${server.port}${path}`);
  if (!address) throw new Error('This is no address.');
  const client = connectRedis(address, 'commands').on('error', () => {});
  onTestFinished(() => client.disconnect());
  await expect(whenReady(client, 60_000)).rejects.toThrow(mend);
});

test('an outage begins once and ends once, however many connections it takes', async () => {
  const told: string[] = [];
  const over = Promise.withResolvers<void>();
  const outage = { began: (sentence: string) => told.push(sentence), ended: over.resolve };
  const watch = watchRedis(outage, (error) => told.push(String(error)));
  const clients = [connect('commands'), connect('messages'), connect('jobs')];
  for (const client of clients) watch(client);
  onTestFinished(() => {
    for (const client of clients) client.disconnect();
  });
  await Promise.all(clients.map((client) => whenReady(client, 5_000)));
  const failed = clients.map((client) => once(client, 'error'));
  await server.kill();
  await Promise.all(failed);
  await server.start();
  await over.promise;
  for (const { status } of clients) expect(status).toBe('ready');
  for (const sentence of told) expect(sentence).toMatch(/^Redis can't be reached: \w/);
});

describe('what Millrace needs of a Redis', () => {
  const all = ['on', '>secret', '~*', '&*', '+@all'];
  const documented = ['~millrace:*', '~{millrace:queue}:*', '&*', '+@all', '-@admin', '-@dangerous', '+info'];

  test.for([
    [['-eval'], /NOPERM.*'eval'/],
    [['-publish'], /NOPERM.*'publish'/],
    [['-xadd'], /The user executing the script/],
    [['resetkeys', '~other:*'], /NOPERM.*keys|No permissions to access a key/],
    [['resetchannels'], /NOPERM.*channels/],
  ] as const)('is asked for at the start: %j', async ([missing, why]) => {
    const failure = await probe([...all, ...missing]).catch((error: unknown) => error);
    expect(String(failure)).toContain(`Give it ${documented.join(' ')} `);
    expect(String((failure as Error).cause)).toMatch(why);
  });

  test('is what the message says, and its policy is told', async () => {
    expect(await probe(['on', '>secret', ...documented])).toEqual({ policy: 'noeviction', errors: [] });
  });

  async function probe(rules: readonly string[]) {
    const admin = connect('commands');
    await whenReady(admin, 5_000);
    await admin.acl('SETUSER', 'few', 'reset', ...rules);
    admin.disconnect();
    const url = server.url.replace('//', '//few:secret@');
    const [commands, messages] = [connect('commands', url), connect('messages', url)];
    onTestFinished(() => {
      for (const client of [commands, messages]) client.disconnect();
    });
    await Promise.all([commands, messages].map((client) => whenReady(client, 5_000)));
    const errors: unknown[] = [];
    const policy = await probeRedis(commands, messages, (error) => errors.push(error));
    return { policy, errors };
  }
});
