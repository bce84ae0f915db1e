import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import type { PostgresPool } from 'kysely';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { isAway, openPool } from '../../src/store/postgres-pool.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';

let server: PostgresServer;
let url: string;
beforeAll(async () => {
  server = await startPostgres();
  url = await server.database();
});
afterAll(() => server.stop());

const outage = { began() {}, ended() {} };

type Connection = Awaited<ReturnType<PostgresPool['connect']>>;

/** One connection at most, so that the next one is the same again, unless that was dropped. */
function onlyOne(queryTimeoutMs?: number): PostgresPool {
  const pool = openPool({ url, poolSize: 1, onError: () => {}, outage, ...(queryTimeoutMs && { queryTimeoutMs }) });
  onTestFinished(() => pool.end());
  return pool;
}

async function processOf(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ pid: number }>('select pg_backend_pid() as pid', []);
  return rows[0]?.pid ?? 0;
}

/** What a statement fails with; afterwards the connection is given back. */
async function failure(connection: Connection, statement: string): Promise<unknown> {
  const error = await connection.query(statement, []).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  connection.release();
  return error;
}

test('a statement that is not answered in time is UNAVAILABLE, and its connection is not used again', async () => {
  const pool = onlyOne(200);
  const connection = await pool.connect();
  const before = await processOf(connection);
  const error = await failure(connection, 'select pg_sleep(50)');
  expect(error).toMatchObject({ code: 'UNAVAILABLE', cause: { message: expect.stringContaining('timeout') } });
  const next = await pool.connect();
  expect(await processOf(next)).not.toBe(before);
  next.release();
});

test('a connection that was not answered in time is asked nothing more, not even to roll back', async () => {
  const connection = await onlyOne(200).connect();
  const late = await connection.query('select pg_sleep(50)', []).catch((error: unknown) => error);
  const after = await connection.query('rollback', []).catch((error: unknown) => error);
  // It waited for nothing of its own: what it fails of is the same timeout.
  expect((after as Error).cause).toBe((late as Error).cause);
  connection.release();
});

test('a server that has become read only is UNAVAILABLE, and its connection is not used again', async () => {
  const pool = onlyOne();
  const connection = await pool.connect();
  const before = await processOf(connection);
  await connection.query('set session characteristics as transaction read only', []);
  const error = await failure(connection, 'create table t (id int)');
  expect(error).toMatchObject({ code: 'UNAVAILABLE', cause: { code: '25006' } });
  const next = await pool.connect();
  expect(await processOf(next)).not.toBe(before);
  next.release();
});

test('a connection that broke between two statements is UNAVAILABLE, and is not used again', async () => {
  const pool = onlyOne();
  const connection = await pool.connect();
  const before = await processOf(connection);
  const other = onlyOne();
  const killer = await other.connect();
  await killer.query('select pg_terminate_backend($1)', [before]);
  killer.release();
  const error = await connection.query('select 1', []).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'UNAVAILABLE' });
  // What the driver says from the next turn on.
  expect(isAway(new Error('Client has encountered a connection error and is not queryable'))).toBe(true);
  connection.release();
  const next = await pool.connect();
  expect(await processOf(next)).not.toBe(before);
  next.release();
});

test('a statement that is refused is no sign of anything: the connection is used again', async () => {
  const pool = onlyOne();
  const connection = await pool.connect();
  const before = await processOf(connection);
  expect(await failure(connection, 'select nonsense')).toMatchObject({ code: '42703' });
  const next = await pool.connect();
  expect(await processOf(next)).toBe(before);
  next.release();
});

test('a server that takes a connection and says nothing is UNAVAILABLE', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const pool = openPool({ url: `postgres://a@127.0.0.1:${port}/b`, poolSize: 1, onError: () => {}, outage });
  await expect(pool.connect()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  for (const socket of sockets) socket.destroy();
  silent.close();
  await pool.end();
});

test('the system watches over idle connections', async () => {
  const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive');
  onTestFinished(() => keepAlive.mockRestore());
  (await onlyOne().connect()).release();
  expect(keepAlive.mock.calls[0]?.[0]).toBe(true);
});
