import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokenise } from '../../src/backends/ngram/tokens.ts';
import type { Viewer } from '../../src/domain/conversation.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { below, seeded } from '../random.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { type Office, openOffice, rowsOf, sumOf } from './books.ts';
import { startServer, type TestServer } from './server.ts';

const seed = Number(process.env.SEED ?? 20_263);
const random = seeded(seed);
const total = 1_000;
/** The tokens of the prompt, as the model counts them, are no more than what is reserved for it. */
const prompt = 'Call me Ishmael';
const tokensPerDay = 3_000;
const yaml = `
limits: { tokensPerDay: ${tokensPerDay}, tokensPerMonth: 1000000, generationsAtOnce: 12 }
models:
  - { id: fast, backends: [{ kind: ngram, tokensPerSecond: 0 }] }
  - { id: slow, backends: [{ kind: ngram, tokensPerSecond: 60 }] }
`;
const viewers: readonly Viewer[] = Array.from({ length: 10 }, (_, i) => {
  return { id: `usr_${i}`, name: `Viewer ${i}`, role: 'MEMBER' };
});

let redis: RedisServer;
let postgres: PostgresServer;
let workers: TestServer[];
let offices: Office[];
beforeAll(async () => {
  console.log(`seed ${seed}`);
  [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  const env = { REDIS_URL: redis.url, DATABASE_URL: await postgres.database() };
  const startWorker = () => startServer({ yaml, env: { ...env, MILLRACE_ROLE: 'worker' } });
  workers = await Promise.all([startWorker(), startWorker()]);
  offices = await Promise.all([openOffice(env, yaml), openOffice(env, yaml)]);
  for (const viewer of viewers) await offices[0]?.store.viewers.put(viewer);
});
afterAll(async () => {
  await Promise.all((offices ?? []).map((office) => office.close()));
  await Promise.all((workers ?? []).map((worker) => worker.stop()));
  await Promise.all([redis?.stop(), postgres?.stop()]);
});

const any = <Item>(items: readonly Item[]): Item => items[below(random, items.length)] as Item;
/** How each kind of refusal was met with. */
const refusals = new Map<string, number>();

/** The one place where a viewer asks a node for something. */
async function ask(
  viewer: Viewer,
  maxTokens: number,
  model: string,
  idempotencyKey?: string,
): Promise<Generation | undefined> {
  try {
    return await any(offices).submit(viewer, { model, prompt, parameters: { maxTokens }, idempotencyKey });
  } catch (error) {
    const { code } = error as { code: string };
    if (code !== 'RATE_LIMITED' && code !== 'QUOTA_EXCEEDED') throw error;
    refusals.set(code, (refusals.get(code) ?? 0) + 1);
    return undefined;
  }
}

/** Asks until a viewer has `count` generations: several at once, some of them twice, and some are cancelled. */
async function work(viewer: Viewer, count: number, onAccepted: () => void): Promise<void> {
  const cancels: Promise<unknown>[] = [];
  const accepted = new Set<string>();
  while (accepted.size < count) {
    const burst = Array.from({ length: Math.min(5, count - accepted.size) }, async () => {
      const [maxTokens, model] = [1 + below(random, 20), random() < 0.15 ? 'slow' : 'fast'];
      const twice = random() < 0.1;
      const key = twice ? `${viewer.id} ${random()}` : undefined;
      const ends = await Promise.all([ask(viewer, maxTokens, model, key), twice && ask(viewer, maxTokens, model, key)]);
      return ends.find((generation) => generation !== undefined && generation !== false);
    });
    const made = (await Promise.all(burst)).flatMap((generation) => generation || []);
    for (const { id } of made) {
      accepted.add(id);
      onAccepted();
      if (random() < 0.2) cancels.push(sleep(200 * random()).then(() => any(offices).cancel(viewer, id)));
    }
    if (made.length === 0) await sleep(50);
  }
  await Promise.all(cancels);
}

const untilSettled = async () =>
  expect.poll(() => offices[0]?.store.generations.unsettled(), { timeout: 60_000 }).toEqual([]);

/** Whatever is counted of a viewer, in whichever way, comes to the same. */
async function expectBalance({ id }: Viewer): Promise<number> {
  const { store } = any(offices);
  const rows = await rowsOf(store, id);
  const sum = sumOf(rows);
  const days = (await store.usage.byDay([id], 0)).get(id) ?? [];
  const standing = (await store.usage.standings([id], rows[0]?.createdAt ?? 0)).get(id);
  const used = sum.promptTokens + sum.completionTokens;
  for (const model of ['fast', 'slow']) {
    expect(sumOf(days.filter(({ modelId }) => modelId === model))).toEqual(
      sumOf(rows.filter(({ modelId }) => modelId === model)),
    );
  }
  expect((await store.usage.totals([id])).get(id)).toEqual(sum);
  expect(standing?.open).toBe(0);
  expect(standing?.accounts.get(id)).toEqual({ day: { used, reserved: 0 }, month: { used, reserved: 0 } });
  expect(used).toBeLessThanOrEqual(tokensPerDay);
  return used;
}

test('1,000 generations by ten viewers over two nodes, with cancels and killed workers: the books balance', async () => {
  let accepted = 0;
  let kills = Promise.resolve();
  const kill = (worker: TestServer | undefined) => {
    kills = kills.then(async () => {
      await worker?.kill();
      await worker?.restart();
    });
  };
  const onAccepted = () => {
    if (++accepted % 250 === 0) kill(workers[(accepted / 250) % 2]);
  };
  await Promise.all(viewers.map((viewer) => work(viewer, total / viewers.length, onAccepted)));
  await kills;
  await untilSettled();
  const rows = (await Promise.all(viewers.map(({ id }) => rowsOf(any(offices).store, id)))).flat();
  const count = (holds: (row: Generation) => boolean) => rows.filter(holds).length;
  const seen = {
    cancelled: count(({ status }) => status === 'CANCELLED'),
    again: count(({ attempts }) => attempts > 1),
  };
  console.log(`${rows.length} generations`, seen, Object.fromEntries(refusals));
  expect(rows).toHaveLength(total);
  expect(count(({ status }) => status === 'FAILED')).toBe(0);
  expect(rows.filter(({ text, usage }) => usage?.completionTokens !== tokenise(text).length)).toEqual([]);
  expect(Math.min(seen.cancelled, seen.again)).toBeGreaterThan(0);
  const used = await Promise.all(viewers.map(expectBalance));

  // What is left by the books can be taken to the token, and not one token more.
  const promptReserved = Math.ceil(prompt.length / 4);
  const lots = viewers.map((viewer, i) => ({ viewer, lot: Math.floor((tokensPerDay - (used[i] ?? 0)) / 4) }));
  const taken = await Promise.all(
    lots.map(async ({ viewer, lot }) => {
      const asked = Array.from({ length: 8 }, () => ask(viewer, lot - promptReserved, 'slow'));
      return (await Promise.all(asked)).flatMap((generation) => generation ?? []);
    }),
  );
  expect(taken.map(({ length }) => length)).toEqual(viewers.map(() => 4));
  await Promise.all(
    taken.flat().map(({ id, viewerId }) => any(offices).cancel({ id: viewerId, name: '', role: 'MEMBER' }, id)),
  );
  await untilSettled();
  for (const viewer of viewers) await expectBalance(viewer);
}, 120_000);
