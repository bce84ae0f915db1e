import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from '../../scripts/services/launch.ts';
import { freePort } from '../../scripts/services/ports.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { readiness } from './cluster.ts';
import { failToStart, startServer } from './server.ts';

let redis: RedisServer;
let postgres: PostgresServer;
let databaseUrl: string;
beforeAll(async () => {
  [redis, postgres] = await Promise.all([startRedis({ args: ['--requirepass', 'right'] }), startPostgres()]);
  databaseUrl = await postgres.database();
});
afterAll(() => Promise.all([redis.stop(), postgres.stop()]));

const bin = fileURLToPath(new URL('../../bin/millrace.js', import.meta.url));
const open = () => redis.url.replace('//', '//:right@');

test('a node that is not let in ends with code 1, and says in one line why and what to set', async () => {
  const [wrong, noDatabase] = await Promise.all([
    failToStart({ REDIS_URL: redis.url.replace('//', '//:hunter2@'), DATABASE_URL: databaseUrl, MILLRACE_ROLE: 'api' }),
    failToStart({ REDIS_URL: open(), DATABASE_URL: new URL('nowhere', databaseUrl).href, MILLRACE_ROLE: 'worker' }),
  ]);
  expect(wrong.code).toBe(1);
  expect(wrong.output).toMatch(/^millrace: .*Redis lets nobody in by REDIS_URL\. Set .*: WRONGPASS .*\n$/);
  expect(wrong.output).not.toContain('hunter2');
  expect(noDatabase.code).toBe(1);
  expect(noDatabase.output).toMatch(/^millrace: .*by DATABASE_URL\. Set .*: database "nowhere" does not exist$/m);
});

test('a node whose port is in use, or whose Redis is of another kind, ends with code 1 and one line', async () => {
  const port = `${new URL(databaseUrl).port}`;
  const [inUse, cluster] = await Promise.all([
    failToStart({ REDIS_URL: open(), DATABASE_URL: databaseUrl, PORT: port }),
    failToStart({ REDIS_URL: open().replace('redis', 'redis-cluster'), DATABASE_URL: databaseUrl }),
  ]);
  expect(inUse).toEqual({ code: 1, output: expect.stringMatching(/^millrace: Port \d+ .* is in use\..*\n$/) });
  expect(cluster).toEqual({ code: 1, output: expect.stringMatching(/^millrace: .* is no cluster\. Set redis:.*\n$/) });
});

test('a node says nothing at its start but where it serves, and that Redis may drop data', async () => {
  const env = { REDIS_URL: open(), DATABASE_URL: databaseUrl };
  const logged = async () => {
    const node = await startServer({ env });
    await expect.poll(async () => (await readiness(node)).status).toBe(200);
    await node.stop();
    return node.output().match(/(?<="msg":").*(?="\})/g);
  };
  expect(await logged()).toBeNull();
  const admin = new Redis(open());
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
  expect(await logged()).toEqual([expect.stringMatching(/allkeys-lru\. Set it to noeviction$/)]);
  await admin.config('SET', 'maxmemory-policy', 'noeviction');
  admin.disconnect();
});

test('nodes of every role wait for Postgres at their start, and start without Redis', async () => {
  await postgres.kill();
  const nobody = `redis://127.0.0.1:${await freePort()}`;
  const waits = /the start waits for Postgres/;
  const printed = { api: '', worker: '', all: '' };
  const roles = ['api', 'worker', 'all'] as const;
  const started = roles.map((role) => {
    const env = { REDIS_URL: nobody, DATABASE_URL: databaseUrl, MILLRACE_ROLE: role };
    return startServer({
      env,
      onOutput(text) {
        printed[role] += text;
      },
    });
  });
  const all = expect.stringMatching(waits);
  await expect.poll(() => printed).toEqual({ api: all, worker: all, all });

  // One that waits can be stopped as any other.
  const env = { PATH: process.env.PATH, REDIS_URL: nobody, DATABASE_URL: databaseUrl, PORT: '0' };
  const waiting = await launch(process.execPath, [bin, 'serve'], { env, ready: waits });
  await waiting.end('SIGTERM');
  expect(await waiting.ended).toBe('exit code 0');

  await postgres.start();
  const served = async (node: Awaited<(typeof started)[number]>) => {
    const { status, checks } = await readiness(node);
    expect(status).toBe(503);
    expect(checks).toMatchObject({ store: 'ok', bus: expect.not.stringMatching(/^ok$/) });
    expect(await node.kill('SIGTERM')).toBe(0);
    await node.stop();
  };
  await Promise.all(started.map(async (node) => served(await node)));
});
