import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tokenise } from '../../src/backends/ngram/tokens.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { periodsOf } from '../../src/domain/quota.ts';
import { openPostgresStore } from '../../src/store/postgres.ts';
import type { Store } from '../../src/store/store.ts';
import { type PostgresServer, startPostgres } from '../postgres-server.ts';
import { below, seeded } from '../random.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { type Customer, newCustomer, rowsOf, sumOf } from './books.ts';
import { startServer, type TestServer } from './server.ts';

const seed = Number(process.env.SEED ?? 20_263);
const random = seeded(seed);
const total = 1_000;
/** The tokens of the prompt, as the model counts them, are no more than what is reserved for it. */
const prompt = 'Call me Ishmael';
const promptReserved = Math.ceil(prompt.length / 4);
const tokensPerDay = 3_000;
const yaml = `
auth: { mode: apiKey }
limits: { tokensPerDay: ${tokensPerDay}, tokensPerMonth: 1000000, generationsAtOnce: 12 }
models:
  - { id: fast, backends: [{ kind: ngram, tokensPerSecond: 0 }] }
  - { id: slow, backends: [{ kind: ngram, tokensPerSecond: 30 }] }
`;
/** More than it takes: all of it is to be of one UTC day. */
const longestMs = 90_000;

let redis: RedisServer;
let postgres: PostgresServer;
let workers: TestServer[];
let nodes: TestServer[];
let store: Store;
let viewers: Customer[];
/** Has something that runs whenever workers are killed. */
let witness: Customer;
beforeAll(async () => {
  console.log(`seed ${seed}`);
  const left = periodsOf(Date.now()).day.end - Date.now();
  if (left < longestMs) await sleep(left);
  [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  const env = { REDIS_URL: redis.url, DATABASE_URL: await postgres.database() };
  const start = (role: string) => startServer({ yaml, env: { ...env, MILLRACE_ROLE: role } });
  nodes = await Promise.all([start('api'), start('api')]);
  workers = await Promise.all([start('worker'), start('worker')]);
  store = await openPostgresStore({
    url: env.DATABASE_URL,
    poolSize: 5,
    onError: () => {},
    outage: { began() {}, ended() {} },
  });
  viewers = await Promise.all(Array.from({ length: 10 }, (_, i) => newCustomer(store, `Viewer ${i}`)));
  witness = await newCustomer(store, 'Witness');
}, 60_000 + longestMs);
afterAll(async () => {
  await store?.close();
  await Promise.all([...(nodes ?? []), ...(workers ?? [])].map((server) => server.stop()));
  await Promise.all([redis?.stop(), postgres?.stop()]);
});

const any = <Item>(items: readonly Item[]): Item => items[below(random, items.length)] as Item;
/** How each kind of refusal was met with. */
const refusals = new Map<string, number>();

/** The one place where a viewer asks a node for something. */
async function ask(
  viewer: Customer,
  maxTokens: number,
  model: string,
  idempotencyKey = `${random()}`,
): Promise<string | undefined> {
  try {
    return await viewer.generate(any(nodes).url, { model, prompt, parameters: { maxTokens }, idempotencyKey });
  } catch (error) {
    const { code } = error as { code: string };
    if (code !== 'RATE_LIMITED' && code !== 'QUOTA_EXCEEDED') throw error;
    refusals.set(code, (refusals.get(code) ?? 0) + 1);
    return undefined;
  }
}

/** Asks until a viewer has `count` generations: several at once, some of them twice, and some are cancelled. */
async function work(viewer: Customer, count: number, onAccepted: () => void): Promise<void> {
  const cancels: Promise<unknown>[] = [];
  const accepted = new Set<string>();
  while (accepted.size < count) {
    const burst = Array.from({ length: Math.min(5, count - accepted.size) }, async () => {
      const [maxTokens, model] = [1 + below(random, 20), random() < 0.15 ? 'slow' : 'fast'];
      const twice = random() < 0.1;
      const key = `${random()}`;
      const ends = await Promise.all([ask(viewer, maxTokens, model, key), twice && ask(viewer, maxTokens, model, key)]);
      return ends.find((id) => typeof id === 'string');
    });
    const made = (await Promise.all(burst)).flatMap((id) => id ?? []);
    for (const id of made) {
      accepted.add(id);
      onAccepted();
      if (random() < 0.2) cancels.push(sleep(200 * random()).then(() => viewer.cancel(any(nodes).url, id)));
    }
    // Whoever is refused comes back later, as the answer says.
    if (made.length < burst.length) await sleep(250);
  }
  await Promise.all(cancels);
}

const untilSettled = async () => expect.poll(() => store.generations.unsettled(), { timeout: 60_000 }).toEqual([]);

/** Whatever is counted of a viewer, in whichever way, comes to the same. */
async function expectBalance({ id }: Customer): Promise<number> {
  const rows = await rowsOf(store, id);
  const sum = sumOf(rows);
  const days = (await store.usage.byDay([id], 0)).get(id) ?? [];
  const standing = (await store.usage.standings([id], rows[0]?.createdAt ?? 0)).get(id);
  // A prompt that was read, and whose tokens nobody told: cancelled before its end.
  const untold = rows.filter(({ usage, attempts }) => usage?.promptTokens === null && attempts > 0).length;
  const used = sum.promptTokens + sum.completionTokens + untold * promptReserved;
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
  const killWorkers = async () => {
    const id = await ask(witness, 90, 'slow');
    if (!id) throw new Error('The witness was refused.');
    await expect.poll(async () => (await store.generations.byIds([id]))[0]?.attempts).toBe(1);
    await Promise.all(workers.map((worker) => worker.kill()));
    await Promise.all(workers.map((worker) => worker.restart()));
  };
  const onAccepted = () => {
    if (++accepted % 350 !== 0) return;
    kills = kills.then(killWorkers);
    // It is waited for below.
    kills.catch(() => {});
  };
  await Promise.all(viewers.map((viewer) => work(viewer, total / viewers.length, onAccepted)));
  await kills;
  await untilSettled();
  const rows = (await Promise.all(viewers.map(({ id }) => rowsOf(store, id)))).flat();
  const count = (holds: (row: Generation) => boolean) => rows.filter(holds).length;
  const cancelled = count(({ status }) => status === 'CANCELLED');
  const again = count(({ attempts }) => attempts > 1);
  console.log(`${rows.length} generations`, { cancelled, again }, Object.fromEntries(refusals));
  expect(rows).toHaveLength(total);
  expect(count(({ status }) => status === 'FAILED')).toBe(0);
  expect(rows.filter(({ text, usage }) => usage?.completionTokens !== tokenise(text).length)).toEqual([]);
  expect(cancelled).toBeGreaterThan(0);
  expect((await rowsOf(store, witness.id)).map(({ attempts }) => attempts > 1)).toEqual([true, true]);
  await expectBalance(witness);
  const used = await Promise.all(viewers.map(expectBalance));

  // What is left by the books can be taken to the token, and not one token more.
  const lots = viewers.map((viewer, i) => ({ viewer, lot: Math.floor((tokensPerDay - (used[i] ?? 0)) / 4) }));
  const taken = await Promise.all(
    lots.map(async ({ viewer, lot }) => {
      const asked = Array.from({ length: 8 }, () => ask(viewer, lot - promptReserved, 'slow'));
      return { viewer, ids: (await Promise.all(asked)).flatMap((id) => id ?? []) };
    }),
  );
  expect(taken.map(({ ids }) => ids.length)).toEqual(viewers.map(() => 4));
  await Promise.all(taken.flatMap(({ viewer, ids }) => ids.map((id) => viewer.cancel(any(nodes).url, id))));
  await untilSettled();
  for (const viewer of viewers) await expectBalance(viewer);
}, 120_000);
