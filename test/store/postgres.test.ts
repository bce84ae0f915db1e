import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres.ts';
import { ann, draft, outcome } from '../contract/store/fixtures.ts';
import { storeContract } from '../contract/store.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';

let server: PostgresServer;
let databases = 0;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

const newDatabase = () => server.database(`test_${++databases}`);
const ignore = () => {};
const outage = { began: ignore, ended: ignore };

storeContract('Postgres', async (options) =>
  openPostgresStore({ url: await newDatabase(), poolSize: 5, onError: ignore, outage, ...options }),
);

test('the tables are made once, however many nodes start together', async () => {
  const url = await newDatabase();
  const stores = await Promise.all(
    Array.from({ length: 6 }, () => openPostgresStore({ url, poolSize: 2, onError: ignore, outage })),
  );
  await stores[0]?.viewers.put({ id: 'usr_1', name: 'Ann', role: 'MEMBER' });
  expect(await stores[5]?.viewers.byIds(['usr_1'])).toEqual([{ id: 'usr_1', name: 'Ann', role: 'MEMBER' }]);
  for (const store of stores) await store.close();
});

test('limits hold over several nodes', async () => {
  const url = await newDatabase();
  const nodes = await Promise.all(
    Array.from({ length: 3 }, () => openPostgresStore({ url, poolSize: 4, onError: ignore, outage })),
  );
  await nodes[0]?.viewers.put(ann);
  const submitAll = async (limits: Parameters<typeof draft>[0]) => {
    const asked = nodes.flatMap(({ generations }) =>
      Array.from({ length: 8 }, () => generations.submit(draft({ createdAt: 0, ...limits }))),
    );
    const ends = await Promise.allSettled(asked);
    return ends.flatMap((end) => (end.status === 'fulfilled' ? end.value.generation.id : []));
  };
  const made = await submitAll({ account: { tokensPerDay: 100 }, reservedTokens: 30 });
  expect(made).toHaveLength(3);
  expect(await submitAll({ generationsAtOnce: 5 })).toHaveLength(2);
  const settled = await Promise.all(
    nodes.flatMap(({ generations }) => made.map((id) => generations.settle(id, outcome()))),
  );
  expect(settled.filter(Boolean)).toHaveLength(3);
  const standing = (await nodes[1]?.usage.standings([ann.id], 0))?.get(ann.id);
  expect(standing).toMatchObject({ open: 2, accounts: new Map([[ann.id, { day: { used: 15, reserved: 0 } }]]) });
  for (const node of nodes) await node.close();
});

test('a database that is away is UNAVAILABLE, and one that is back works without a restart', async () => {
  const store = await openPostgresStore({ url: await newDatabase(), poolSize: 3, onError: ignore, outage });
  await store.viewers.put({ id: 'usr_1', name: 'Ann', role: 'MEMBER' });
  await server.kill();
  for (let i = 0; i < 3; i++) {
    await expect(store.viewers.byIds(['usr_1'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(store.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  }
  await server.start();
  expect(await store.viewers.byIds(['usr_1'])).toHaveLength(1);
  await store.close();
});

test('a database that goes in the middle of queries fails those, and nothing else', async () => {
  const store = await openPostgresStore({ url: await newDatabase(), poolSize: 3, onError: ignore, outage });
  let asked = 0;
  const ask = async () => {
    for (;;) {
      await store.viewers.put({ id: `usr_${++asked}`, name: 'Ann', role: 'MEMBER' });
    }
  };
  const askers = ['a', 'b', 'c'].map(() => expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE' }));
  await expect.poll(() => asked).toBeGreaterThan(20);
  await server.kill();
  await Promise.all(askers);
  await server.start();
  await store.close();
});

test('a start waits for a database that is away, and says so', async () => {
  const url = await newDatabase();
  await server.kill();
  const told = Promise.withResolvers<string>();
  const opened = openPostgresStore({ url, poolSize: 2, onError: ignore, outage: { ...outage, began: told.resolve } });
  expect(await told.promise).toMatch(/ECONNREFUSED.*: the start waits for Postgres$/);
  await server.start();
  const store = await opened;
  await store.check();
  await store.close();
});

test('a start waits for a database that has no room, and says that first', async () => {
  const url = new URL(await newDatabase());
  const owner = new Client({ connectionString: url.href });
  await owner.connect();
  await owner.query('create role crowded login connection limit 0; grant create on schema public to crowded');
  const told = Promise.withResolvers<string>();
  const began = told.resolve;
  const { href } = Object.assign(url, { username: 'crowded' });
  const opened = openPostgresStore({ url: href, poolSize: 2, onError: ignore, outage: { ...outage, began } });
  expect(await told.promise).toBe('too many connections for role "crowded": the start waits for Postgres');
  await owner.query('alter role crowded connection limit -1');
  await owner.end();
  await (await opened).close();
});

test('an outage is told when it begins and when it is over, and `check` says what is away', async () => {
  const told: string[] = [];
  const began = (sentence: string) => told.push(sentence);
  const ended = Promise.withResolvers<void>();
  const url = await newDatabase();
  const store = await openPostgresStore({ url, poolSize: 2, onError: ignore, outage: { began, ended: ended.resolve } });
  await server.kill();
  await expect.poll(() => store.check().catch(String)).toMatch(/^MillraceError: Postgres can't be used: ECONNREFUSED$/);
  expect(told.at(-1)).toMatch(/^Postgres can't be used: .*ECONNREFUSED/);
  await server.start();
  const over = ended.promise.then(() => true);
  await expect.poll(() => Promise.race([over, store.check().then(() => false)])).toBe(true);
  await store.close();
});

/** Has `guarded` come in by the password `right` only; everybody else without one. */
async function guard(): Promise<void> {
  const client = new Client({ connectionString: await server.database() });
  await client.connect();
  const { rows } = await client.query('show hba_file');
  const lines = ['guarded 127.0.0.1/32 scram-sha-256', 'all 127.0.0.1/32 trust'].map((rest) => `host all ${rest}`);
  await client.query("create role guarded login password 'right'");
  const values = lines.map((line) => `('${line}')`).join(', ');
  await client.query(`copy (select * from (values ${values}) as lines) to '${rows[0]?.hba_file}'`);
  await client.query('select pg_reload_conf()');
  await client.end();
}

test('a database that is there and lets nobody in ends the start, and says why', async () => {
  const url = new URL(await newDatabase());
  await guard();
  const failure = async (change: Partial<URL>) => {
    const { href } = Object.assign(new URL(url), change);
    const error = await openPostgresStore({ url: href, poolSize: 2, onError: ignore, outage }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).toMatch(/DATABASE_URL\. Set /);
    return String((error as Error).cause);
  };
  // The new rules come into force a moment later.
  await expect.poll(() => failure({ username: 'guarded', password: 'wrong' })).toContain('password authentication');
  expect(await failure({ username: 'guarded' })).toContain('password must be a string');
  expect(await failure({ username: 'nobody' })).toContain('role "nobody" does not exist');
  expect(await failure({ pathname: '/nowhere' })).toContain('database "nowhere" does not exist');
});
