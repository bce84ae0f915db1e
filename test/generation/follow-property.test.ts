import { expect, test } from 'vitest';
import type { Entry } from '../../src/domain/entry.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { nextOf } from '../../src/domain/polled.ts';
import { Progress } from '../../src/domain/progress.ts';
import { settle } from '../../src/generation/settle.ts';
import { lossyBus, turns } from '../bus/lossy.ts';
import { appendTo } from '../contract/log.ts';
import { randomLog } from '../domain/log-of.ts';
import { below, seeded } from '../random.ts';
import { Client, type Kept } from './client.ts';
import { openParts, type Parts, queuedGeneration, rowOf } from './parts.ts';

const schedules = 2_000;
const atOnce = 250;
const followersEach = 6;

/** What one schedule is made of: its writer's course, and what its clients may come back with. */
interface Schedule {
  readonly seed: number;
  readonly parts: Parts;
  readonly generation: Generation;
  readonly kept: Kept[];
}

test('every follower that reads to the end has the final text and saw one end, whatever happens in between', async () => {
  const random = seeded(1);
  const parts = await openParts({ wrap: (bus) => lossyBus(bus, random), silenceMs: 50 });
  const counts = { resumed: 0, events: 0 };
  for (let first = 1; first <= schedules; first += atOnce) {
    const seeds = Array.from({ length: atOnce }, (_, index) => first + index);
    await Promise.all(seeds.map((seed) => play(parts, seed, counts)));
    expect(parts.tails.size).toBe(0);
  }
  expect(parts.errors).toEqual([]);
  expect(counts.resumed).toBeGreaterThan(schedules);
  await parts.close();
});

async function play(parts: Parts, seed: number, counts: { resumed: number; events: number }): Promise<void> {
  const schedule: Schedule = { seed, parts, generation: await queuedGeneration(parts), kept: [] };
  const clients = Array.from({ length: followersEach }, (_, index) => follow(schedule, index, counts));
  await Promise.all([write(schedule), ...clients]);
  const { text } = await rowOf(parts, schedule.generation.id);
  for (const client of await Promise.all(clients)) {
    expect({ seed, text: client.text, ends: client.ends }).toEqual({ seed, text, ends: 1 });
  }
}

/** Writes a log at random; now and then it is lost on the way and begun anew, once it is settled it may go at once. */
async function write({ seed, parts, generation }: Schedule): Promise<void> {
  const random = seeded(seed * 100);
  const { store, log, bus } = parts;
  const { id } = generation;
  let progress = await append(parts, id, randomLog(random, below(random, 30)), random, random() < 0.3);
  if (!progress.ended) {
    await log.retire(id, 0);
    await turns(below(random, 20));
    await log.append(id, null, [{ type: 'queued', at: 2 }]);
    // Sometimes nothing is written any more: it is cancelled before it gets its turn.
    const [ended] = randomLog(random, 0).slice(-1);
    const anew = random() < 0.3 && ended ? [ended] : randomLog(random, below(random, 30)).slice(1);
    progress = await append(parts, id, [{ type: 'queued', at: 2 }, ...anew], random, false);
  }
  await turns(below(random, 20));
  await settle({ store, log, bus, logRetentionMs: random() < 0.5 ? 0 : 60_000 }, generation, progress);
}

async function append(
  { log }: Parts,
  id: string,
  entries: readonly Entry[],
  random: () => number,
  breaksOff: boolean,
): Promise<Progress> {
  const epoch = (await log.heads([id])).get(id)?.epoch ?? '';
  const progress = new Progress(epoch);
  for (let at = 0; at < entries.length; ) {
    if (breaksOff && at > 0 && random() < 0.1) return progress;
    let until = at + 1;
    while (until < entries.length && until < at + 3 && entries[until]?.type === 'textAppended') until++;
    const some = entries.slice(at, until);
    // The log has its `queued` already.
    if (at > 0) await appendTo(log, id, some);
    for (const entry of some) progress.apply(entry);
    at = until;
    await turns(below(random, 3));
  }
  return progress;
}

/** A client that comes at some time, with nothing, or what another one kept, or a text of a log that is no more. */
async function follow(schedule: Schedule, index: number, counts: { resumed: number; events: number }): Promise<Client> {
  const { seed, parts, generation, kept } = schedule;
  const random = seeded(seed * 100 + index + 1);
  await turns(below(random, 200));
  const gone: Kept = { text: 'old', position: { epoch: 'gone', offset: below(random, 20), length: 3 } };
  const start = [undefined, kept[below(random, kept.length)], gone][below(random, 3)];
  const client = new Client(start);
  const lazy = random() < 0.3;
  while (client.ends === 0) {
    const follower = client.connect(parts, await rowOf(parts, generation.id));
    const leaveAfter = random() < 0.6 ? below(random, 6) : Number.POSITIVE_INFINITY;
    for (let taken = 0; ; taken++) {
      const next = nextOf(follower);
      if (taken >= leaveAfter) {
        await turns(below(random, 3));
        follower.close();
      }
      const event = await next;
      if (!event) break;
      client.take(event);
      if (client.ends === 0) kept.push({ text: client.text, position: client.position });
      counts.events++;
      if (lazy) await turns(below(random, 60));
    }
    expect(await nextOf(follower)).toBeUndefined();
    follower.close();
    counts.resumed++;
  }
  return client;
}
