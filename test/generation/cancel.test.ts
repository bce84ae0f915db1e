import { expect, test } from 'vitest';
import { ngramBackend } from '../../src/backends/ngram/ngram.ts';
import { cancel } from '../../src/generation/cancel.ts';
import { readProgress } from '../../src/generation/read.ts';
import { run } from '../../src/generation/run.ts';
import { turns } from '../bus/lossy.ts';
import { below, seeded } from '../random.ts';
import { changed, type Parts, queuedGeneration, rowOf, runDeps, useParts } from './parts.ts';
import { hang, ScriptedBackend } from './scripted-backend.ts';

const opened = useParts();
const never = new AbortController().signal;
const retention = { logRetentionMs: 60_000 };

/** One end, as the last entry; the row is what the log says, to the token. */
async function expectWhole(parts: Parts, id: string, hint: string) {
  const { entries = [] } = (await parts.log.read(new Map([[id, 0]]))).get(id) ?? {};
  const progress = (await readProgress(parts.log, [id])).get(id);
  const row = await rowOf(parts, id);
  expect(
    entries.flatMap(({ type }, at) => (type === 'ended' ? [at] : [])),
    hint,
  ).toEqual([entries.length - 1]);
  expect([row.status, row.text, row.attempts], hint).toEqual([
    progress?.ended?.status,
    progress?.text,
    progress?.attempt,
  ]);
  expect(row.usage?.completionTokens, hint).toBe(progress?.tokens);
  return row;
}

test('cancelling races with the run, from before its beginning to after its end: there is one end, and all agree', async () => {
  const { parts } = opened;
  const seen: Record<string, number> = {};
  for (let seed = 1; seed <= 150; seed++) {
    const random = seeded(seed);
    const generation = await queuedGeneration(parts, { parameters: { maxTokens: 40, seed } });
    const deps = runDeps(parts, [ngramBackend({ tokensPerSecond: seed % 2 ? 0 : 4_000 })], {
      batchIntervalMs: seed % 4,
    });
    const running = turns(below(random, 3)).then(() => run(deps, generation, never));
    const cancels = [1, 2].map(() =>
      turns(below(random, 10))
        .then(() => new Promise((resolve) => setTimeout(resolve, below(random, 25))))
        .then(async () => cancel({ ...parts, ...retention }, await rowOf(parts, generation.id))),
    );
    await Promise.all([running, ...cancels]);
    const { status } = await expectWhole(parts, generation.id, `seed ${seed}`);
    seen[status] = (seen[status] ?? 0) + 1;
  }
  expect(seen.CANCELLED).toBeGreaterThan(10);
  expect(seen.COMPLETED).toBeGreaterThan(10);
});

test('a generation that is queued ends, leaves the line, and is not run', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  await parts.queue.add(generation);
  await cancel({ ...parts, ...retention }, generation);
  const backend = new ScriptedBackend('a', [['never']]);
  const deps = runDeps(parts, [backend]);
  const stop = await parts.queue.work((job, signal) => run(deps, job, signal), new Map([['whale', 1]]));
  await run(deps, generation, never);
  await stop();
  expect(await expectWhole(parts, generation.id, '')).toMatchObject({ status: 'CANCELLED', attempts: 0, text: '' });
  expect(backend.requests).toEqual([]);
});

test('a run whose bus has lost the news leaves its backend all the same, though that is silent', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const deaf = { ...parts.bus, subscribe: async () => () => {} };
  const asked = Promise.withResolvers<void>();
  const backend = new ScriptedBackend('a', [[() => asked.resolve(), hang]]);
  const running = run({ ...runDeps(parts, [backend]), bus: deaf }, generation, never);
  await asked.promise;
  await cancel({ ...parts, ...retention }, await rowOf(parts, generation.id));
  await running;
  expect(backend.open).toBe(0);
  expect((await expectWhole(parts, generation.id, '')).status).toBe('CANCELLED');
});

test('one whose log was never begun ends all the same', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  await parts.log.retire(generation.id, 0);
  await cancel({ ...parts, ...retention }, generation);
  expect((await expectWhole(parts, generation.id, '')).status).toBe('CANCELLED');
});

test('one that waits for a backend, for its first token, or for the next one: its request is closed', async () => {
  const { parts } = opened;
  for (const steps of [[hang], ['Call', ' me', hang]] as const) {
    const generation = await queuedGeneration(parts);
    const backend = new ScriptedBackend('a', [steps]);
    const running = run(runDeps(parts, [backend]), generation, never);
    await backend.asked(1);
    await turns(5);
    await cancel({ ...parts, ...retention }, generation);
    await running;
    expect([(await expectWhole(parts, generation.id, '')).status, backend.open]).toEqual(['CANCELLED', 0]);
  }
  const generation = await queuedGeneration(parts);
  const backend = new ScriptedBackend('a', [['never']]);
  const deps = runDeps(parts, [backend], { concurrency: 1 });
  const lease = await deps.pool.acquire({ signal: never });
  const running = run(deps, generation, never);
  await turns(20);
  await cancel({ ...parts, ...retention }, generation);
  await running;
  lease.end();
  expect(backend.requests).toEqual([]);
});

test('cancelling again, and cancelling what has ended, changes nothing', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  await run(runDeps(parts, [new ScriptedBackend('a', [['Call']])]), generation, never);
  const row = await rowOf(parts, generation.id);
  await cancel({ ...parts, ...retention }, row);
  // Also who knows only the row from before.
  await cancel({ ...parts, ...retention }, generation);
  expect(await rowOf(parts, generation.id)).toEqual(row);
});

test('where the log can not be written the caller is told', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const full = new Error('the disk is full');
  const log = changed(parts.log, { append: () => Promise.reject(full) });
  await expect(cancel({ ...parts, ...retention, log }, generation)).rejects.toBe(full);
  expect((await rowOf(parts, generation.id)).status).toBe('QUEUED');
});
