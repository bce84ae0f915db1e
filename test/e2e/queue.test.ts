import { afterAll, beforeAll, expect, test } from 'vitest';
import { FollowModelDocument, MyGenerationsDocument } from '../../src/client/generated/operations.ts';
import type { ScriptedServer } from '../backends/scripted-server.ts';
import { type Script, says } from '../backends/scripted-steps.ts';
import { subscribe } from './client.ts';
import { Collector, type Reader } from './reader.ts';
import { type Scene, startScene } from './scene.ts';

const text = 'A short answer.';
let scene: Scene;
beforeAll(async () => {
  const timeouts = { connect: '5s', firstToken: '30s', betweenTokens: '30s' };
  scene = await startScene({
    limits: { timeouts, concurrency: 3 },
    balance: { timeouts, concurrency: 4 },
    avoid: { timeouts, concurrency: 4 },
    half: { timeouts, concurrency: 2 },
    line: { timeouts, servers: 1, concurrency: 1 },
    alone: { timeouts, servers: 1, concurrency: 1 },
  });
});
afterAll(() => scene[Symbol.asyncDispose]());

/** Answers one request after the other, whenever the test says so; counts how many it has at once. */
class Turnstile {
  most = 0;
  #now = 0;
  readonly #held: (() => void)[] = [];
  #waiting: (() => void)[] = [];

  constructor(server: ScriptedServer) {
    const script: Script = async () => {
      this.#now++;
      this.most = Math.max(this.most, this.#now);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#held.push(resolve);
      for (const wake of this.#waiting.splice(0)) wake();
      await promise;
      this.#now--;
      return [
        { do: 'say', text },
        { do: 'finish', usage: { prompt_tokens: 5, completion_tokens: 3 } },
      ];
    };
    server.answer(script);
  }

  /** Resolves when so many requests are held. */
  async holds(n: number): Promise<void> {
    while (this.#held.length < n) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Answers the request that came first. */
  async pass(): Promise<void> {
    await this.holds(1);
    this.#held.shift()?.();
  }
}

test('each backend runs as many at once as it may and no more, and all are answered', async () => {
  const gates = [new Turnstile(scene.backend('limits', 0)), new Turnstile(scene.backend('limits', 1))] as const;
  const readers = await Promise.all(Array.from({ length: 20 }, () => scene.follow('limits')));
  for (const gate of gates) await gate.holds(3);
  const done = Promise.all(readers.map((reader) => reader.end()));
  let over = false;
  const passing = gates.map(async (gate) => {
    while (!over) await Promise.race([gate.pass(), done]);
  });
  for (const ended of await done) expect(ended).toMatchObject({ status: 'COMPLETED', usage: { completionTokens: 3 } });
  over = true;
  await Promise.all(passing);
  expect(gates.map(({ most }) => most)).toEqual([3, 3]);
  for (const reader of readers) expect(reader.answer).toMatchObject({ text, attempts: 1 });
});

test('the least busy backend is chosen', async () => {
  const [a, b] = [new Turnstile(scene.backend('balance', 0)), new Turnstile(scene.backend('balance', 1))];
  const start = async () => {
    const reader = await scene.follow('balance');
    return { reader, backend: (await reader.until('AttemptStarted')).backend };
  };
  expect((await start()).backend).toBe('a');
  const second = await start();
  expect(second.backend).toBe('b');
  expect((await start()).backend).toBe('a');
  await b.pass();
  await second.reader.end();
  // b has nothing now, a has two: whatever comes goes to b until they are even.
  expect([(await start()).backend, (await start()).backend]).toEqual(['b', 'b']);
  await Promise.all([a.holds(2), b.holds(2)]);
  for (const gate of [a, a, b, b]) await gate.pass();
});

test('a backend that has just failed is not chosen again, although the other one is busier', async () => {
  const [a, b] = [scene.backend('avoid', 0), scene.backend('avoid', 1)];
  const gate = new Turnstile(b);
  a.answer(says(text));
  await (await scene.follow('avoid')).end();
  await scene.generate('avoid');
  await gate.holds(1);
  a.answer([{ do: 'reply', status: 500 }]);
  const reader = await scene.follow('avoid');
  await gate.holds(2);
  expect(a.requests).toHaveLength(2);
  for (let n = 0; n < 2; n++) await gate.pass();
  expect(await reader.end()).toMatchObject({ status: 'COMPLETED' });
});

test('where one backend is out the other one runs no more than it may', async () => {
  const model = new Collector(subscribe('ws', scene.url, FollowModelDocument, { id: 'half' }));
  await scene.backend('half', 0).refuse();
  await model.until((data) => data.model.status === 'DEGRADED');
  model.close();
  const gate = new Turnstile(scene.backend('half', 1));
  const readers = await Promise.all(Array.from({ length: 6 }, () => scene.follow('half')));
  await gate.holds(2);
  const open = new Set(readers);
  while (open.size > 0) {
    await gate.pass();
    const ends = [...open].map(async (reader) => ({ reader, ended: await reader.end() }));
    const { reader, ended } = await Promise.race(ends);
    expect(ended).toMatchObject({ status: 'COMPLETED' });
    open.delete(reader);
  }
  expect(gate.most).toBe(2);
});

test('those in line know their place, live, and run in the order in which they came', async () => {
  const gate = new Turnstile(scene.backend('line'));
  const first = await scene.follow('line');
  await gate.holds(1);
  await scene.oneRuns('line');
  const mine = new Collector(subscribe('sse', scene.url, MyGenerationsDocument, {}));
  const readers: Reader[] = [];
  for (let n = 0; n < 3; n++) readers.push(await scene.follow('line'));
  const ids = readers.map(({ id }) => id);
  const places = (id: string) =>
    mine.items.flatMap(({ myGenerations: each }) => (each.id === id ? [each.queuePosition ?? each.status] : []));
  const isAt = (id: string | undefined, place: number | null, status = 'QUEUED') =>
    mine.until(({ myGenerations: each }) => each.id === id && each.queuePosition === place && each.status === status);
  for (const [n, id] of ids.entries()) await isAt(id, n + 1);
  for (const [n, id] of ids.entries()) {
    expect(await scene.find(id)).toMatchObject({ status: 'QUEUED', queuePosition: n + 1, attempts: 0 });
  }
  for (let running = 0; running < 3; running++) {
    await gate.pass();
    await isAt(ids[running], null, 'RUNNING');
    for (let behind = running + 1; behind < 3; behind++) await isAt(ids[behind], behind - running);
  }
  await gate.pass();
  for (const reader of [first, ...readers]) await reader.end();
  for (const id of ids) await isAt(id, null, 'COMPLETED');
  expect(ids.map(places)).toEqual([
    [1, 'RUNNING', 'COMPLETED'],
    [2, 1, 'RUNNING', 'COMPLETED'],
    [3, 2, 1, 'RUNNING', 'COMPLETED'],
  ]);
  mine.close();
});

test("a model's load, and how many run and wait, are live", async () => {
  const gate = new Turnstile(scene.backend('alone'));
  const model = new Collector(subscribe('ws', scene.url, FollowModelDocument, { id: 'alone' }));
  const isAt = (running: number, queued: number) =>
    model.until(({ model: each }) => each.running === running && each.queued === queued && each.load === running);
  await isAt(0, 0);
  const [one, two] = [await scene.follow('alone'), await scene.follow('alone')];
  await isAt(1, 1);
  const seen = model.items.length;
  await gate.pass();
  await one.end();
  await isAt(1, 0);
  await gate.pass();
  await two.end();
  await model.until(({ model: each }) => each.running === 0 && each.load === 0, seen);
  model.close();
});
