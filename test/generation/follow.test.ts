import { expect, test } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { MillraceError } from '../../src/domain/errors.ts';
import { type LogEvent, mostText } from '../../src/domain/merge.ts';
import { nextOf } from '../../src/domain/polled.ts';
import { Follower } from '../../src/generation/follow.ts';
import { readProgress } from '../../src/generation/read.ts';
import { settle } from '../../src/generation/settle.ts';
import type { Log } from '../../src/log/log.ts';
import { Tails } from '../../src/log/tails.ts';
import { turns } from '../bus/lossy.ts';
import { appendTo, ended, queued, started, text } from '../contract/log.ts';
import { Client } from './client.ts';
import { changed, type Parts, queuedGeneration, rowOf, useParts } from './parts.ts';

const opened = useParts();

/** A generation with this log: `queued`, one attempt, these texts. */
async function running(parts: Parts, ...texts: string[]) {
  const generation = await queuedGeneration(parts);
  await appendTo(parts.log, generation.id, [started(1)]);
  let length = 0;
  for (const each of texts) {
    await appendTo(parts.log, generation.id, [text(length, each)]);
    length += each.length;
  }
  return generation;
}

const newTails = (parts: Parts, log: Log) =>
  new Tails({ log, bus: parts.bus, onError: (error) => parts.errors.push(error) });

async function settled(parts: Parts, logRetentionMs: number) {
  const generation = await running(parts, 'Call', ' me', ' Ishmael');
  await appendTo(parts.log, generation.id, [ended]);
  const progress = (await readProgress(parts.log, [generation.id])).get(generation.id);
  if (!progress) throw new Error('no log');
  await settle({ ...parts, logRetentionMs }, generation, progress);
  return generation;
}

const types = (events: readonly (LogEvent | undefined)[]) => events.map((event) => event?.entry.type);

test('a reader from the start has what piled up in one, then every entry as it comes, then the end', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call', ' me');
  const follower = new Follower(parts, generation, undefined);
  expect(types([await nextOf(follower), await nextOf(follower)])).toEqual(['queued', 'attemptStarted']);
  expect((await nextOf(follower))?.entry).toMatchObject({ position: 0, text: 'Call me' });
  const next = nextOf(follower);
  await appendTo(parts.log, generation.id, [text(7, ' Ish')]);
  expect((await next)?.entry).toEqual(text(7, ' Ish'));
  await appendTo(parts.log, generation.id, [ended]);
  expect((await nextOf(follower))?.entry).toEqual(ended);
  expect(await nextOf(follower)).toBeUndefined();
  follower.close();
});

test('a cursor of the log goes on in the text that the store has, once the log is gone', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call', ' me');
  const client = new Client();
  const first = client.connect(parts, generation);
  for (let i = 0; i < 3; i++) client.take((await nextOf(first)) as LogEvent);
  first.close();
  await appendTo(parts.log, generation.id, [text(7, ' Ishmael'), ended]);
  const progress = (await readProgress(parts.log, [generation.id])).get(generation.id);
  if (!progress) throw new Error('no log');
  await settle({ ...parts, logRetentionMs: 0 }, generation, progress);
  client.connect(parts, await rowOf(parts, generation.id));
  expect(await client.readOn()).toBe(2);
  expect(client.text).toBe('Call me Ishmael');
});

test('a finished answer is read whole in four messages, and its last cursor has nothing after it', async () => {
  const { parts } = opened;
  const generation = await settled(parts, 0);
  const client = new Client();
  client.connect(parts, await rowOf(parts, generation.id));
  expect(await client.readOn()).toBe(4);
  expect(client.text).toBe('Call me Ishmael');
  client.connect(parts, await rowOf(parts, generation.id));
  expect(await client.readOn()).toBe(0);
});

/** A finished answer with this log between its attempt and its end. */
async function finished(parts: Parts, texts: readonly string[], logRetentionMs = 60_000) {
  const generation = await queuedGeneration(parts);
  let position = 0;
  const entries = texts.map((each) => {
    position += each.length;
    return text(position - each.length, each);
  });
  await appendTo(parts.log, generation.id, [started(1), ...entries, ended]);
  const progress = (await readProgress(parts.log, [generation.id])).get(generation.id);
  if (!progress) throw new Error('no log');
  await settle({ ...parts, logRetentionMs }, generation, progress);
  return generation;
}

test('10,000 tokens that were entries each are read in four messages, from the log and from the store', async () => {
  const { parts } = opened;
  const words = Array.from({ length: 10_000 }, (_, index) => `${index % 10} whale`.slice(0, 5 + (index % 3)));
  const generation = await finished(parts, words);
  for (const row of [generation, await rowOf(parts, generation.id)]) {
    const client = new Client();
    client.connect(parts, row);
    expect(await client.readOn()).toBe(4);
    expect(client.text).toBe(words.join(''));
  }
});

/** 200,001 code units, with a surrogate pair across every place where the text could be cut in two. */
const long = `a${'🐋'.repeat(100_000)}`;
const longestEntry = 22;
const pieces = long.match(/.{1,11}/gsu) ?? [];

test.each(['log', 'store'])(
  'of a long answer no message has more than 64 Ki code units, and each cursor goes on just there: %s',
  async (where) => {
    const { parts } = opened;
    const generation = await finished(parts, pieces);
    const row = where === 'log' ? generation : await rowOf(parts, generation.id);
    const client = new Client();
    for (let messages = 0; client.ends === 0; messages++) {
      expect(messages).toBeLessThan(10);
      const before = client.text.length;
      const follower = client.connect(parts, row);
      client.take((await nextOf(follower)) as LogEvent);
      follower.close();
      expect(client.text.length - before).toBeLessThan(mostText + longestEntry);
      expect(client.text.isWellFormed() && long.startsWith(client.text)).toBe(true);
    }
    expect(client.text).toBe(long);
  },
);

test('a cursor from within the text that the store has is good for the log, too', async () => {
  const { parts } = opened;
  const generation = await finished(parts, pieces);
  const client = new Client();
  const follower = client.connect(parts, await rowOf(parts, generation.id));
  for (let i = 0; i < 3; i++) client.take((await nextOf(follower)) as LogEvent);
  follower.close();
  client.connect(parts, generation);
  await client.readOn();
  expect(client.text).toBe(long);
});

test('readers who are far behind share what is read for them as soon as they are in the same place', async () => {
  const { parts } = opened;
  const generation = await finished(parts, pieces);
  let reads = 0;
  const counting = changed(parts.log, {
    read: (after, bytes) => {
      reads++;
      return parts.log.read(after, bytes);
    },
  });
  const tails = newTails(parts, counting);
  const epoch = (await parts.log.heads([generation.id])).get(generation.id)?.epoch ?? '';
  const eventsAfter = async (offset: number) => {
    const client = new Client({ text: '', position: { epoch, offset, length: 0 } });
    const follower = client.connect({ ...parts, tails }, generation);
    const events: LogEvent[] = [];
    for (let event = await nextOf(follower); event; event = await nextOf(follower)) events.push(event);
    follower.close();
    return events;
  };
  const [first, again] = [await eventsAfter(0), reads];
  const second = await eventsAfter(1);
  expect(reads - again).toBeLessThan(again / 2);
  expect(second.slice(-2).map((event) => first.includes(event))).toEqual([true, true]);
  tails.close();
});

test('the cursor of the end completes at once, also while the store does not know of the end', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call');
  await appendTo(parts.log, generation.id, [ended]);
  const client = new Client();
  client.connect(parts, generation);
  expect(await client.readOn()).toBe(4);
  client.connect(parts, generation);
  expect(await client.readOn()).toBe(0);
});

test('a reader of a log that was lost, and of which nothing comes any more, has no text left', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call');
  const client = new Client();
  const follower = client.connect(parts, generation);
  for (let i = 0; i < 3; i++) client.take((await nextOf(follower)) as LogEvent);
  expect(client.text).toBe('Call');
  await parts.log.retire(generation.id, 0);
  await parts.log.append(generation.id, null, [queued]);
  await appendTo(parts.log, generation.id, [ended]);
  await client.readOn();
  expect([client.text, client.ends]).toEqual(['', 1]);
});

test('a cursor from beyond the end of its log starts again: the log has lost what that reader saw', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call');
  const epoch = (await parts.log.heads([generation.id])).get(generation.id)?.epoch ?? '';
  const client = new Client({ text: 'Call me lost', position: { epoch, offset: 9, length: 12 } });
  client.connect(parts, generation);
  const reading = client.readOn();
  await appendTo(parts.log, generation.id, [text(4, ' me')]);
  await appendTo(parts.log, generation.id, [ended]);
  await reading;
  expect(client.text).toBe('Call me');
});

test('a follower that is never asked opens nothing', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call');
  const follower = new Follower(parts, generation, undefined);
  expect(parts.tails.size).toBe(0);
  follower.close();
  expect(await nextOf(follower)).toBeUndefined();
});

test('closing ends a pending next, whatever it waits for', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call');
  for (let waited = 0; waited < 8; waited++) {
    const follower = new Follower(parts, generation, undefined);
    const events: unknown[] = [];
    const reading = (async () => {
      for (let event = await nextOf(follower); event; event = await nextOf(follower)) events.push(event);
    })();
    await turns(waited);
    follower.close();
    await reading;
    // One that was being opened is let go of when it is open.
    await expect.poll(() => parts.tails.size).toBe(0);
  }
});

test('a reader of a generation that is deleted is let go', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  await parts.log.retire(generation.id, 0);
  let rows = [generation];
  const byIds = async () => rows;
  const store = { ...parts.store, generations: { ...parts.store.generations, byIds } };
  const tails = new Tails({ ...parts, silenceMs: 20, onError: (error) => parts.errors.push(error) });
  const next = nextOf(new Follower({ ...parts, store, tails }, generation, undefined));
  await turns(5);
  // No message says that it is gone.
  rows = [];
  expect(await next).toBeUndefined();
  expect(tails.size).toBe(0);
  tails.close();
});

test('where a log can not be read the reader is told, and closing it lets go of the tail', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call');
  const read = () => Promise.reject(new Error('the disk is gone'));
  const tails = newTails(parts, changed(parts.log, { read }));
  const follower = new Follower({ ...parts, tails }, generation, undefined);
  await expect(nextOf(follower)).rejects.toThrow('the disk is gone');
  follower.close();
  expect(tails.size).toBe(0);
  tails.close();
});

test('a log that is away for a while makes a reader wait, and not fail', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call', ' me');
  await appendTo(parts.log, generation.id, [ended]);
  let left = 2;
  const away = new MillraceError('UNAVAILABLE', 'away');
  const read: Log['read'] = (after) => (left-- > 0 ? Promise.reject(away) : parts.log.read(after));
  const tails = newTails(parts, changed(parts.log, { read }));
  const follower = new Follower({ ...parts, tails }, generation, undefined);
  const events = [await nextOf(follower), await nextOf(follower), await nextOf(follower), await nextOf(follower)];
  expect(types(events)).toEqual(['queued', 'attemptStarted', 'textAppended', 'ended']);
  follower.close();
  tails.close();
});

test('a reader ahead of a tail that can not catch up now is not rewound', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call');
  const heads: Log['heads'] = (ids) => (away ? Promise.reject(gone) : parts.log.heads(ids));
  const gone = new MillraceError('UNAVAILABLE', 'away');
  let away = false;
  const errors: unknown[] = [];
  // Its tail hears nothing, as one whose subscription was just lost.
  const bus = { ...parts.bus, subscribe: async () => () => {} };
  const tails = new Tails({ log: changed(parts.log, { heads }), bus, onError: (error) => errors.push(error) });
  const deps = { ...parts, tails };
  const late = new Follower(deps, generation, undefined);
  for (let i = 0; i < 3; i++) await nextOf(late);
  await appendTo(parts.log, generation.id, [text(4, ' me')]);
  const epoch = (await parts.log.heads([generation.id])).get(generation.id)?.epoch ?? '';
  const ahead = new Follower(deps, generation, { epoch, offset: 4, length: 7 });
  away = true;
  const next = nextOf(ahead);
  await expect.poll(() => errors.length).toBeGreaterThan(1);
  away = false;
  await appendTo(parts.log, generation.id, [ended]);
  expect(types([await next])).toEqual(['ended']);
  expect(new Set(errors)).toEqual(new Set([gone]));
  for (const each of [late, ahead]) each.close();
  tails.close();
});

test('closing ends a next that waits for a bus that is away, and what is opened late is let go of', async () => {
  const { parts } = opened;
  const generation = await running(parts, 'Call');
  const back = Promise.withResolvers<void>();
  const bus: Bus = {
    ...parts.bus,
    async subscribe(topic, listener) {
      await back.promise;
      return parts.bus.subscribe(topic, listener);
    },
  };
  const tails = new Tails({ log: parts.log, bus, onError: (error) => parts.errors.push(error) });
  const follower = new Follower({ ...parts, tails }, generation, undefined);
  const next = nextOf(follower);
  await turns(5);
  follower.close();
  expect(await next).toBeUndefined();
  back.resolve();
  await turns(5);
  expect(tails.size).toBe(0);
  tails.close();
});
