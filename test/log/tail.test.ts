import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { memoryBus } from '../../src/bus/memory.ts';
import { FarReads } from '../../src/log/far-reads.ts';
import type { Log } from '../../src/log/log.ts';
import { SqliteLog } from '../../src/log/sqlite.ts';
import { Tail } from '../../src/log/tail.ts';
import { Tails } from '../../src/log/tails.ts';
import { lossyBus, turns } from '../bus/lossy.ts';
import { appendTo, ended, headOf, queued, started, text } from '../contract/log.ts';
import { temporaryFolder } from '../folder.ts';
import { changed } from '../generation/parts.ts';
import { seeded } from '../random.ts';

/** A bus that says nothing while it is mute. */
const muted = { mute: false };
let folder: ReturnType<typeof temporaryFolder>;
let bus: Bus;
let log: SqliteLog;
let tails: Tails;
let subscriptions = 0;
let time = 0;
const errors: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  folder = temporaryFolder();
  errors.length = 0;
  [time, subscriptions, muted.mute] = [0, 0, false];
  const whole = memoryBus();
  bus = {
    ...whole,
    publish: async (topic, message) => (muted.mute ? undefined : whole.publish(topic, message)),
    async subscribe(topic, listener) {
      const end = await whole.subscribe(topic, listener);
      subscriptions++;
      return () => {
        subscriptions--;
        end();
      };
    },
  };
  log = new SqliteLog({ path: join(folder.path, 'log.db'), bus });
  tails = newTails();
});
afterEach(() => {
  tails.close();
  log.close();
  folder.remove();
  vi.useRealTimers();
  expect(errors).toEqual([]);
});

const newTails = (parts: { log?: Log; bus?: Bus } = {}) =>
  new Tails({ log, bus, ...parts, now: () => time, onError: (error) => errors.push(error) });

/** Resolves when the tail has come to `offset`. */
const reached = (tail: Tail, offset: number) =>
  new Promise<void>((resolve) => {
    const reader = {
      changed() {
        if (tail.offset < offset) return;
        tail.leave(reader);
        resolve();
      },
    };
    tail.join(reader);
    reader.changed();
  });

/** Lets a silence pass, in which every tail asks the log. */
function pass(ms: number): void {
  time += ms;
  vi.advanceTimersByTime(ms);
}

async function begin(id: string): Promise<void> {
  await log.append(id, null, [queued]);
  await appendTo(log, id, [started(1)]);
}

test('a tail starts at the end of its log, and has what comes from there on', async () => {
  await begin('gen_1');
  const tail = await tails.open('gen_1');
  expect([tail.offset, tail.since(1), tail.ended]).toEqual([2, undefined, false]);
  await appendTo(log, 'gen_1', [text(0, 'a'), text(1, 'b')]);
  expect(tail.since(2)?.entries).toEqual([text(0, 'a'), text(1, 'b')]);
  expect(tail.since(3)?.entries).toEqual([text(1, 'b')]);
  await appendTo(log, 'gen_1', [ended]);
  expect(tail.ended).toBe(true);
  tails.release('gen_1');
});

test('over a bus that loses, doubles and shuffles, a tail has every entry, in order', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const bad = lossyBus(memoryBus(), seeded(seed));
    const badLog = new SqliteLog({ path: join(folder.path, `${seed}.db`), bus: bad });
    const own = newTails({ log: badLog, bus: bad });
    await badLog.append('gen_1', null, [queued]);
    await appendTo(badLog, 'gen_1', [started(1)]);
    const tail = await own.open('gen_1');
    const entries = Array.from({ length: 40 }, (_, at) => text(at, 'x'));
    for (let at = 0; at < 40; at += 10) {
      const head = await headOf(badLog, 'gen_1');
      const place = (index: number) => ({ ...head, offset: head.offset + index });
      const ten = entries.slice(at, at + 10);
      await Promise.all(ten.map((entry, index) => badLog.append('gen_1', place(index), [entry])));
      // What has come by now is in order, and without a gap.
      const { offset } = tail;
      expect(tail.since(2)?.entries, `seed ${seed}`).toEqual(entries.slice(0, offset - 2));
    }
    await turns(20);
    pass(5_000);
    await reached(tail, 42);
    expect(tail.since(2)?.entries, `seed ${seed}`).toEqual(entries);
    own.close();
    badLog.close();
  }
});

test('a gap is filled from the log as soon as it is noticed', async () => {
  await begin('gen_1');
  const tail = await tails.open('gen_1');
  muted.mute = true;
  await appendTo(log, 'gen_1', [text(0, 'lost')]);
  muted.mute = false;
  await appendTo(log, 'gen_1', [text(4, 'heard')]);
  await reached(tail, 4);
  expect(tail.since(2)?.entries).toEqual([text(0, 'lost'), text(4, 'heard')]);
  tails.release('gen_1');
});

test('what was lost at the end is found after a silence of five seconds', async () => {
  await begin('gen_1');
  const tail = await tails.open('gen_1');
  muted.mute = true;
  await appendTo(log, 'gen_1', [ended]);
  pass(4_000);
  await turns(5);
  expect(tail.offset).toBe(2);
  pass(1_000);
  await reached(tail, 3);
  expect(tail.ended).toBe(true);
  tails.release('gen_1');
});

test('one question asks for all silent tails, and none is asked for that has just heard', async () => {
  const asked: (readonly string[])[] = [];
  const counting = changed(log, {
    heads(ids) {
      asked.push(ids);
      return log.heads(ids);
    },
  });
  const own = newTails({ log: counting });
  for (const id of ['gen_1', 'gen_2', 'gen_3']) {
    await begin(id);
    await own.open(id);
  }
  asked.length = 0;
  pass(4_000);
  await appendTo(log, 'gen_2', [text(0, 'a')]);
  pass(1_000);
  await turns(5);
  expect(asked).toEqual([['gen_1', 'gen_3']]);
  own.close();
});

test('a log that is retired, and one that is begun anew, are noticed', async () => {
  await begin('gen_1');
  const tail = await tails.open('gen_1');
  const { epoch } = tail;
  await log.retire('gen_1', 0);
  let changes = 0;
  const reader = { changed: () => void changes++ };
  tail.join(reader);
  pass(5_000);
  await turns(5);
  expect([tail.epoch, tail.offset, changes]).toEqual([undefined, 0, 1]);
  // Its readers look at the store then, and again after each further silence.
  pass(5_000);
  await turns(5);
  expect(changes).toBe(2);
  tail.leave(reader);
  await log.append('gen_1', null, [queued]);
  await reached(tail, 1);
  expect(tail.epoch).not.toBe(epoch);
  expect(tail.epoch).toBeDefined();
  tails.release('gen_1');
});

test('a log that has lost its end, under the same name, is taken as it is now', async () => {
  await begin('gen_1');
  await appendTo(log, 'gen_1', [text(0, 'a'), text(1, 'b')]);
  let lost = 0;
  const shorter = changed(log, {
    async heads(ids) {
      const heads = [...(await log.heads(ids))];
      return new Map(heads.map(([id, head]) => [id, { ...head, offset: head.offset - lost }]));
    },
  });
  const own = newTails({ log: shorter });
  const tail = await own.open('gen_1');
  expect(tail.offset).toBe(4);
  lost = 2;
  pass(5_000);
  await turns(2);
  expect([tail.offset, tail.since(1)]).toEqual([2, undefined]);
  own.close();
});

test('the window is bounded: who is further behind finds nothing, and who is not finds all', async () => {
  await begin('gen_1');
  const tail = await tails.open('gen_1');
  const long = 'x'.repeat(10_000);
  for (let i = 0; i < 10; i++) await appendTo(log, 'gen_1', [text(i * long.length, long)]);
  expect(tail.offset).toBe(12);
  expect(tail.since(2)).toBeUndefined();
  expect(tail.since(6)?.entries).toHaveLength(6);
  // Many small ones weigh more than their text.
  const many = Array.from({ length: 2_000 }, (_, index) => text(100_000 + index, 'y'));
  await appendTo(log, 'gen_1', many);
  expect(tail.since(2_012 - 1_500)).toBeUndefined();
  expect(tail.since(2_012 - 900)?.entries).toHaveLength(900);
  tails.release('gen_1');
});

test('readers of one log share a tail, and the last one to leave closes it', async () => {
  await begin('gen_1');
  const [first, second] = await Promise.all([tails.open('gen_1'), tails.open('gen_1')]);
  expect(first).toBe(second);
  expect([tails.size, subscriptions]).toEqual([1, 1]);
  tails.release('gen_1');
  expect([tails.size, subscriptions]).toEqual([1, 1]);
  tails.release('gen_1');
  await turns(1);
  expect([tails.size, subscriptions]).toEqual([0, 0]);
});

test('a tail that is released before it was open is closed, and the next one is another', async () => {
  await begin('gen_1');
  const early = tails.open('gen_1');
  tails.release('gen_1');
  const late = tails.open('gen_1');
  await early;
  const tail = await late;
  await turns(2);
  expect([tails.size, subscriptions]).toEqual([1, 1]);
  expect(tail).not.toBe(await early);
  muted.mute = true;
  await appendTo(log, 'gen_1', [text(0, 'a')]);
  pass(5_000);
  await reached(tail, 3);
  tails.release('gen_1');
  await turns(2);
  expect([tails.size, subscriptions]).toEqual([0, 0]);
});

test('a tail that can not be opened says so to all who wait for it, and leaves nothing behind', async () => {
  const deaf = newTails({ bus: { ...bus, subscribe: () => Promise.reject(new Error('no bus')) } });
  const opening = await Promise.allSettled([deaf.open('gen_1'), deaf.open('gen_1')]);
  expect(opening.map((each) => each.status === 'rejected' && String(each.reason))).toEqual([
    'Error: no bus',
    'Error: no bus',
  ]);
  expect(deaf.size).toBe(0);
  await turns(2);
  errors.length = 0;
  deaf.close();
});

test('a log that can not be read now is read again after a silence', async () => {
  await begin('gen_1');
  let fails = true;
  const flaky = changed(log, {
    heads: (ids) => (fails ? Promise.reject(new Error('not now')) : log.heads(ids)),
  });
  const own = newTails({ log: flaky });
  const tail = await own.open('gen_1');
  expect([tail.epoch, errors.splice(0).map(String)]).toEqual([undefined, ['Error: not now']]);
  fails = false;
  pass(5_000);
  await reached(tail, 2);
  own.close();
});

test('who asks for a repair just as one ends gets one of its own', async () => {
  for (let later = 0; later < 10; later++) {
    let asked = 0;
    const counting = {
      ...log,
      heads: async () => {
        asked++;
        return new Map();
      },
      read: async () => new Map(),
    } as unknown as Log;
    const onError = (error: unknown) => errors.push(error);
    const tail = new Tail({ id: 'gen_1', log: counting, far: new FarReads(counting), now: 0, onError });
    void tail.repair();
    for (let microtask = 0; microtask < later; microtask++) await null;
    const before = asked;
    void tail.repair();
    await turns(1);
    expect(asked, `${later} microtasks later`).toBeGreaterThan(before);
  }
});

test('a thousand readers are told in several turns, all of them of all that came meanwhile', async () => {
  await log.append('gen_1', null, [queued]);
  const tail = await tails.open('gen_1');
  const told = Array.from({ length: 1_000 }, () => 0);
  const readers = told.map((_, index) => ({
    changed() {
      told[index] = tail.offset;
    },
  }));
  for (const reader of readers) tail.join(reader);
  await appendTo(log, 'gen_1', [started(1)]);
  const toldAt = (offset: number) => told.filter((each) => each === offset).length;
  expect(toldAt(2)).toBeGreaterThan(0);
  expect(toldAt(2)).toBeLessThan(500);
  await appendTo(log, 'gen_1', [text(0, 'a')]);
  await vi.waitFor(() => expect(toldAt(3)).toBe(1_000));
  for (const reader of readers) tail.leave(reader);
  tails.release('gen_1');
});
