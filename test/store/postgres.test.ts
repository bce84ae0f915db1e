import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres.ts';
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

storeContract('Postgres', async (options) =>
  openPostgresStore({ url: await newDatabase(), poolSize: 5, onError: ignore, ...options }),
);

test('the tables are made once, however many nodes start together', async () => {
  const url = await newDatabase();
  const stores = await Promise.all(
    Array.from({ length: 6 }, () => openPostgresStore({ url, poolSize: 2, onError: ignore })),
  );
  await stores[0]?.viewers.put({ id: 'usr_1', name: 'Ann', role: 'MEMBER' });
  expect(await stores[5]?.viewers.byIds(['usr_1'])).toEqual([{ id: 'usr_1', name: 'Ann', role: 'MEMBER' }]);
  for (const store of stores) await store.close();
});

test('a database that is away is UNAVAILABLE, and one that is back works without a restart', async () => {
  const store = await openPostgresStore({ url: await newDatabase(), poolSize: 3, onError: ignore });
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
  const store = await openPostgresStore({ url: await newDatabase(), poolSize: 3, onError: ignore });
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
