import { expect, test } from 'vitest';
import { ngramBackend } from '../../src/backends/ngram/ngram.ts';
import { MillraceError } from '../../src/domain/errors.ts';
import { readProgress } from '../../src/generation/read.ts';
import { run } from '../../src/generation/run.ts';
import type { Log } from '../../src/log/log.ts';
import { memoryQueue } from '../../src/queue/memory.ts';
import { below, seeded } from '../random.ts';
import { changed, queuedGeneration, rowOf, runDeps, useParts } from './parts.ts';
import { hang, ScriptedBackend } from './scripted-backend.ts';

const opened = useParts();

test('a run that is handed over has all its text in the log, and has closed its request', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const { promise: written, resolve } = Promise.withResolvers<void>();
  const backend = new ScriptedBackend('a', [['Call', ' me', ' Ishmael', resolve, hang]]);
  const stop = new AbortController();
  const running = run(runDeps(parts, [backend], { batchIntervalMs: 60_000 }), generation, stop.signal);
  await written;
  stop.abort(new Error('handed over'));
  await running;
  const progress = (await readProgress(parts.log, [generation.id])).get(generation.id);
  expect([progress?.text, progress?.tokens, progress?.ended]).toEqual(['Call me Ishmael', 3, null]);
  expect([backend.open, (await rowOf(parts, generation.id)).status]).toEqual([0, 'RUNNING']);
});

test('a run that is handed over while its log is away does not wait for it', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const stop = new AbortController();
  let tries = 0;
  const append: Log['append'] = async (id, after, entries) => {
    if (entries[0]?.type !== 'textAppended') return parts.log.append(id, after, entries);
    if (++tries === 2) setImmediate(() => stop.abort(new Error('handed over')));
    throw new MillraceError('UNAVAILABLE', 'away');
  };
  const backend = new ScriptedBackend('a', [['Call', hang]]);
  const running = run(runDeps({ ...parts, log: changed(parts.log, { append }) }, [backend]), generation, stop.signal);
  await expect(running).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(parts.errors.splice(0)).toMatchObject([{ code: 'UNAVAILABLE' }]);
  expect([tries, backend.open]).toEqual([3, 0]);
});

test('an n-gram answer that was handed over any number of times is that of one run', async () => {
  const { parts } = opened;
  const random = seeded(3);
  const parameters = { seed: 7, maxTokens: 300 };
  const whole = await queuedGeneration(parts, { parameters });
  await run(runDeps(parts, [ngramBackend({ tokensPerSecond: 0 })]), whole, new AbortController().signal);
  const { text, usage } = await rowOf(parts, whole.id);
  expect(text.length).toBeGreaterThan(500);
  let handovers = 0;
  for (let round = 0; round < 5; round++) {
    const generation = await queuedGeneration(parts, { parameters });
    const deps = runDeps(parts, [ngramBackend({ tokensPerSecond: 3_000 })], { batchIntervalMs: below(random, 10) });
    let row = await rowOf(parts, generation.id);
    for (; row.endedAt === null; row = await rowOf(parts, generation.id)) {
      const queue = memoryQueue();
      const stop = await queue.work((job, signal) => run(deps, job, signal), new Map([['whale', 1]]));
      await queue.add(generation);
      await new Promise((resolve) => setTimeout(resolve, 5 + below(random, 40)));
      await stop();
      handovers++;
    }
    expect([row.status, row.text, row.usage]).toEqual(['COMPLETED', text, usage]);
  }
  expect(handovers).toBeGreaterThan(10);
});
