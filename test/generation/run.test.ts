import { expect, test, vi } from 'vitest';
import { BackendError, type BackendErrorKind } from '../../src/backends/backend.ts';
import type { Generation } from '../../src/domain/generation.ts';
import { readProgress } from '../../src/generation/read.ts';
import { type RunDeps, run } from '../../src/generation/run.ts';
import { type Log, type LogMessage, logTopic } from '../../src/log/log.ts';
import { appendTo, started, text } from '../contract/log.ts';
import { Client, type Kept } from './client.ts';
import { changed, type Parts, queuedGeneration, rowOf, runDeps, useParts } from './parts.ts';
import { hang, ScriptedBackend } from './scripted-backend.ts';

const opened = useParts();
const never = new AbortController().signal;

const entriesOf = async ({ log }: Parts, id: string) => (await log.read(new Map([[id, 0]]))).get(id)?.entries ?? [];
const typesOf = async (parts: Parts, id: string) => (await entriesOf(parts, id)).map(({ type }) => type);
const attemptsOf = async (parts: Parts, id: string) =>
  (await entriesOf(parts, id)).flatMap((e) =>
    e.type === 'attemptStarted' ? [[e.attempt, e.backend, e.keptLength]] : [],
  );

async function runToEnd(parts: Parts, deps: RunDeps, generation: Generation): Promise<Generation> {
  await run(deps, generation, never);
  return rowOf(parts, generation.id);
}

test('a run writes the log, and hands it to the store', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const backend = new ScriptedBackend('one', [['Call', ' me', ' Ishmael']]);
  const row = await runToEnd(parts, runDeps(parts, [backend]), generation);
  expect(row).toMatchObject({ status: 'COMPLETED', text: 'Call me Ishmael', attempts: 1, finishReason: 'STOP' });
  expect(row.usage).toEqual({ promptTokens: 7, completionTokens: 3 });
  const types = await typesOf(parts, generation.id);
  expect([types.slice(0, 3), types.at(-1)]).toEqual([['queued', 'attemptStarted', 'textAppended'], 'ended']);
  expect([backend.open, backend.requests.length]).toEqual([0, 1]);
});

test('the backend is asked while the log still takes the attempt, and what it says is written after that', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const taken = Promise.withResolvers<void>();
  const append: Log['append'] = async (id, after, entries) => {
    if (entries[0]?.type === 'attemptStarted') await taken.promise;
    await parts.log.append(id, after, entries);
  };
  const backend = new ScriptedBackend('one', [['Call', () => taken.resolve(), ' me']]);
  const row = await runToEnd(parts, runDeps({ ...parts, log: changed(parts.log, { append }) }, [backend]), generation);
  expect([row.status, row.text]).toEqual(['COMPLETED', 'Call me']);
  expect((await typesOf(parts, generation.id)).slice(0, 3)).toEqual(['queued', 'attemptStarted', 'textAppended']);
});

test('a backend that was asked for an attempt that the log refuses is left at once', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const append: Log['append'] = async (id, after, entries) => {
    if (entries[0]?.type === 'attemptStarted') await appendTo(parts.log, id, [started(1)]);
    await parts.log.append(id, after, entries);
  };
  const backend = new ScriptedBackend('one', [['Call', hang]]);
  const deps = runDeps({ ...parts, log: changed(parts.log, { append }) }, [backend]);
  await run(deps, generation, never);
  expect([backend.requests.length, backend.open]).toEqual([1, 0]);
  expect([await typesOf(parts, generation.id), (await rowOf(parts, generation.id)).attempts]).toEqual([
    ['queued', 'attemptStarted'],
    0,
  ]);
});

const retried: BackendErrorKind[] = ['unreachable', 'unavailable', 'timeout', 'truncated', 'protocol'];

test.each(retried)(
  'a backend that fails as %s, before or after its first token, is followed by another one',
  async (kind) => {
    const { parts } = opened;
    for (const steps of [[], ['Call', ' me']]) {
      const generation = await queuedGeneration(parts);
      const failing = new ScriptedBackend('a', [[...steps, new BackendError(kind, 'no')]]);
      const rest = steps.length > 0 ? [' Ishmael'] : ['Call', ' me', ' Ishmael'];
      const good = new ScriptedBackend('b', [rest]);
      const row = await runToEnd(parts, runDeps(parts, [failing, good]), generation);
      expect(row).toMatchObject({ status: 'COMPLETED', text: 'Call me Ishmael', attempts: 2 });
      expect(good.requests[0]).toMatchObject({ prefix: steps.join(''), prefixTokens: steps.length });
      expect(await attemptsOf(parts, generation.id)).toEqual([
        [1, 'a', 0],
        [2, 'b', steps.join('').length],
      ]);
      // The kept tokens are the answer's, not the prompt's.
      expect(row.usage).toEqual({ promptTokens: 7 - steps.length, completionTokens: 3 });
    }
  },
);

test('where the next backend can not continue, the answer starts again', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const failing = new ScriptedBackend('a', [['Call', ' you', new BackendError('truncated', 'words of its own')]]);
  const good = new ScriptedBackend('b', [['Call', ' me']], { continues: false });
  const row = await runToEnd(parts, runDeps(parts, [failing, good]), generation);
  expect(row).toMatchObject({ status: 'COMPLETED', text: 'Call me' });
  expect(row.usage).toEqual({ promptTokens: 7, completionTokens: 2 });
  expect(await attemptsOf(parts, generation.id)).toEqual([
    [1, 'a', 0],
    [2, 'b', 0],
  ]);
  expect(good.requests[0]).toMatchObject({ prefix: '', prefixTokens: 0 });
});

test('a request that is refused ends at once, as the fault of its input', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const backend = new ScriptedBackend('a', [[new BackendError('refused', 'words of its own')]]);
  const row = await runToEnd(parts, runDeps(parts, [backend]), generation);
  expect(row).toMatchObject({ status: 'FAILED', attempts: 1, finishReason: 'ERROR' });
  expect(row.error).toEqual({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining('does not take this'),
    retryable: false,
  });
});

test('so many failures in a row end it, and what was written in between begins the count again', async () => {
  const { parts } = opened;
  const fault = new BackendError('truncated', 'cut');
  const generation = await queuedGeneration(parts);
  const scripts = [[fault], ['a', fault], [fault], ['b', fault], [fault], [fault], ['never']];
  const backend = new ScriptedBackend('a', scripts);
  const { pool } = runDeps(parts, [backend]);
  // A pool that goes on with what fails: the count is the run's alone.
  const patient = { capacity: 1, acquire: async () => ({ backend, end: () => {} }) } as unknown as typeof pool;
  const models = new Map([['whale', { pool: patient, queueTimeoutMs: 1_000, maxAttempts: 3 }]]);
  const row = await runToEnd(parts, { ...runDeps(parts, [backend]), models }, generation);
  expect(row).toMatchObject({ status: 'FAILED', text: 'ab', attempts: 6 });
  expect(row.error).toEqual({
    code: 'MODEL_UNAVAILABLE',
    message: expect.stringContaining('broke off'),
    retryable: true,
  });
  expect(row.usage).toEqual({ promptTokens: null, completionTokens: 2 });
});

test('while no backend is up it waits for the queue timeout, then fails for another try', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const backend = new ScriptedBackend('a', [[]]);
  backend.probe = () => Promise.reject(new BackendError('unreachable', 'gone'));
  const deps = runDeps(parts, [backend], { queueTimeoutMs: 20 });
  deps.pool.start();
  const row = await runToEnd(parts, deps, generation);
  expect(row).toMatchObject({ status: 'FAILED', attempts: 0, error: { code: 'MODEL_UNAVAILABLE', retryable: true } });
  await deps.pool.close();
});

test('a model that is not configured any more fails its generations, with the text that they have', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts, { modelId: 'gone' });
  await appendTo(parts.log, generation.id, [started(1)]);
  await appendTo(parts.log, generation.id, [text(0, 'Call')]);
  const row = await runToEnd(parts, runDeps(parts, [new ScriptedBackend('a', [[]])]), generation);
  expect(row).toMatchObject({ status: 'FAILED', text: 'Call', usage: { completionTokens: 1 } });
  expect(row.error?.message).toContain('gone');
});

test('an answer that had all its tokens when its run was lost is complete without another token', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts, { parameters: { maxTokens: 2 } });
  await appendTo(parts.log, generation.id, [started(1)]);
  await appendTo(parts.log, generation.id, [text(0, 'Call'), text(4, ' me')]);
  const backend = new ScriptedBackend('a', [[]]);
  const row = await runToEnd(parts, runDeps(parts, [backend]), generation);
  expect(row).toMatchObject({ status: 'COMPLETED', text: 'Call me', usage: { completionTokens: 2 } });
  expect(backend.requests).toMatchObject([{ prefix: 'Call me', parameters: { maxTokens: 0 } }]);
});

test('an answer that is continued may have what is left of its tokens', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts, { parameters: { maxTokens: 5, temperature: 0.5 } });
  await appendTo(parts.log, generation.id, [started(1)]);
  await appendTo(parts.log, generation.id, [text(0, 'Call'), text(4, ' me')]);
  const backend = new ScriptedBackend('a', [[' Ishmael']]);
  await run(runDeps(parts, [backend]), generation, never);
  expect(backend.requests[0]?.parameters).toEqual({ maxTokens: 3, temperature: 0.5 });
});

test('of two runs at once one goes on and the other one stops; the log is whole', async () => {
  const { parts } = opened;
  for (let round = 0; round < 20; round++) {
    const generation = await queuedGeneration(parts);
    const backend = new ScriptedBackend('a', [['Call', ' me', ' Ishmael']]);
    const deps = runDeps(parts, [backend], { batchIntervalMs: round % 3 });
    const second = new Promise((resolve) => setTimeout(resolve, round % 7)).then(() => run(deps, generation, never));
    await Promise.all([run(deps, generation, never), second]);
    const row = await rowOf(parts, generation.id);
    const progress = (await readProgress(parts.log, [generation.id])).get(generation.id);
    expect((await typesOf(parts, generation.id)).filter((type) => type === 'ended')).toHaveLength(1);
    expect([row.status, row.text]).toEqual(['COMPLETED', progress?.text]);
    expect([row.usage?.completionTokens, backend.open]).toEqual([progress?.tokens, 0]);
  }
});

test.each([2, 5])('a run that attempt %d superseded writes nothing more, and closes its request', async (attempt) => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const backend = new ScriptedBackend('a', [['Call', hang]]);
  const { promise: written, resolve } = Promise.withResolvers<void>();
  await parts.bus.subscribe(logTopic(generation.id), (message) => {
    if ((message as LogMessage).entries.some(({ type }) => type === 'textAppended')) resolve();
  });
  const running = run(runDeps(parts, [backend]), generation, never);
  // All its text is written: no append of its own will tell it.
  await written;
  await appendTo(parts.log, generation.id, [started(attempt)]);
  await running;
  const entries = await entriesOf(parts, generation.id);
  expect([entries.at(-1), backend.open]).toEqual([started(attempt), 0]);
  expect((await rowOf(parts, generation.id)).status).toBe('RUNNING');
});

test('a log that can not be written ends the run, is reported once, and leaves it to the next one', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const full = new Error('the disk is full');
  let works = false;
  const append: Log['append'] = (id, after, entries) =>
    !works && entries[0]?.type === 'textAppended' ? Promise.reject(full) : parts.log.append(id, after, entries);
  const log = changed(parts.log, { append });
  const backend = new ScriptedBackend('a', [
    ['Call', hang],
    ['Call', ' me'],
  ]);
  const deps = runDeps({ ...parts, log }, [backend]);
  await expect(run(deps, generation, never)).rejects.toBe(full);
  expect(parts.errors.splice(0)).toEqual([full]);
  expect([backend.open, (await rowOf(parts, generation.id)).status]).toEqual([0, 'RUNNING']);
  works = true;
  expect(await runToEnd(parts, deps, generation)).toMatchObject({ status: 'COMPLETED', text: 'Call me', attempts: 2 });
});

test('a log that fails just when the run is handed over is reported too', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const full = new Error('the disk is full');
  const append: Log['append'] = (id, after, entries) =>
    entries[0]?.type === 'textAppended' ? Promise.reject(full) : parts.log.append(id, after, entries);
  const log = changed(parts.log, { append });
  const stop = new AbortController();
  const backend = new ScriptedBackend('a', [['Call', ' me', () => stop.abort(new Error('handed over'))]]);
  const handedOver = run(runDeps({ ...parts, log }, [backend], { batchIntervalMs: 60_000 }), generation, stop.signal);
  await expect(handedOver).rejects.toBe(full);
  expect(parts.errors.splice(0)).toEqual([full]);
});

test('where the store failed at the end, a later run settles what the log says', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const backend = new ScriptedBackend('a', [['Call', ' me'], ['never']]);
  const busy = new Error('the store is busy');
  const settle = () => Promise.reject(busy);
  const store = { ...parts.store, generations: { ...parts.store.generations, settle } };
  const deps = runDeps(parts, [backend]);
  await expect(run({ ...deps, store }, generation, never)).rejects.toBe(busy);
  expect(parts.errors.splice(0)).toEqual([busy]);
  expect((await rowOf(parts, generation.id)).status).toBe('RUNNING');
  expect(await runToEnd(parts, deps, generation)).toMatchObject({ status: 'COMPLETED', text: 'Call me', attempts: 1 });
  expect(backend.requests).toHaveLength(1);
});

test('an attempt goes on where the records can not be told of it', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const away = new Error('the store is away');
  const start = () => Promise.reject(away);
  const store = { ...parts.store, generations: { ...parts.store.generations, start } };
  const backend = new ScriptedBackend('a', [['Call', ' me']]);
  const row = await runToEnd(parts, runDeps({ ...parts, store }, [backend]), generation);
  expect(row).toMatchObject({ status: 'COMPLETED', text: 'Call me', attempts: 1 });
  expect(parts.errors.splice(0)).toEqual([away]);
});

test('a run whose log is lost begins it anew, at once', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const lose = () => void parts.log.retire(generation.id, 0);
  const backend = new ScriptedBackend('a', [
    [lose, hang],
    ['Call', ' me'],
  ]);
  const row = await runToEnd(parts, runDeps(parts, [backend]), generation);
  expect(row).toMatchObject({ status: 'COMPLETED', text: 'Call me', attempts: 1 });
  expect((await typesOf(parts, generation.id)).slice(0, 3)).toEqual(['queued', 'attemptStarted', 'textAppended']);
});

test.each([
  ['writes on', [' Ishmael', hang]],
  ['waits for its backend', [hang]],
] as const)(
  'a run whose log has lost its end, and that %s, goes on from what is left, at once',
  async (_what, then) => {
    const { parts } = opened;
    const generation = await queuedGeneration(parts);
    const client = new Client();
    const reading = client.connect(parts, generation);
    const read = client.readOn();
    const has = (text: string) => async () => vi.waitFor(() => expect(client.text).toBe(text));
    let kept: Kept | undefined;
    const shorten = () => {
      kept = { ...client };
      parts.shorten(3);
    };
    const backend = new ScriptedBackend('a', [
      ['Call', has('Call'), ' you', has('Call you'), ' names', has('Call you names'), shorten, ...then],
      [' me', has('Call me'), ' Ishmael'],
    ]);
    const row = await runToEnd(parts, runDeps(parts, [backend]), generation);
    expect(row).toMatchObject({ status: 'COMPLETED', text: 'Call me Ishmael', attempts: 2 });
    expect(await attemptsOf(parts, generation.id)).toEqual([
      [1, 'a', 0],
      [2, 'a', 4],
    ]);
    // Who was there has the same, and so has who was away and comes back with a cursor of the lost part.
    await read;
    const late = new Client(kept);
    late.connect(parts, generation);
    await late.readOn();
    expect([client.text, late.text, kept?.text, backend.open]).toEqual([row.text, row.text, 'Call you names', 0]);
    reading.close();
  },
);

test('a run whose bus is away lets go at once, and of what it subscribed to late', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const [asked, back, ended] = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const subscribe = async () => {
    asked?.resolve();
    await back?.promise;
    return () => ended?.resolve();
  };
  const stop = new AbortController();
  const backend = new ScriptedBackend('a', [['never']]);
  const running = run(runDeps({ ...parts, bus: { ...parts.bus, subscribe } }, [backend]), generation, stop.signal);
  await asked?.promise;
  stop.abort(new Error('handed over'));
  await running;
  back?.resolve();
  await ended?.promise;
  expect(backend.requests).toEqual([]);
});

test('a run that is handed over while it is given a place begins no attempt', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const backend = new ScriptedBackend('a', [['never']]);
  const deps = runDeps(parts, [backend]);
  const stop = new AbortController();
  const ends: unknown[] = [];
  const acquire = async () => {
    stop.abort(new Error('handed over'));
    return { backend, end: (error: unknown) => ends.push(error) };
  };
  const pool = { capacity: 1, acquire } as unknown as typeof deps.pool;
  await run(
    { ...deps, models: new Map([['whale', { pool, queueTimeoutMs: 1_000, maxAttempts: 3 }]]) },
    generation,
    stop.signal,
  );
  expect([await typesOf(parts, generation.id), ends]).toEqual([['queued'], [stop.signal.reason]]);
});

test('the backend is asked while the records are still told that the attempt has begun', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const recorded = Promise.withResolvers<void>();
  const start = async (...args: Parameters<typeof parts.store.generations.start>) => {
    await recorded.promise;
    await parts.store.generations.start(...args);
  };
  const store = { ...parts.store, generations: { ...parts.store.generations, start } };
  const backend = new ScriptedBackend('a', [['Call', async () => recorded.resolve(), ' me']]);
  const row = await runToEnd(parts, runDeps({ ...parts, store }, [backend]), generation);
  expect(row).toMatchObject({ status: 'COMPLETED', text: 'Call me', attempts: 1 });
});

test('a log that could not be retired once its generation was settled is retired by the next run', async () => {
  const { parts } = opened;
  const generation = await queuedGeneration(parts);
  const away = new Error('the log is away');
  const log = changed(parts.log, { retire: () => Promise.reject(away) });
  const backend = new ScriptedBackend('a', [['Call']]);
  await expect(run(runDeps({ ...parts, log }, [backend]), generation, never)).rejects.toBe(away);
  expect(parts.errors.splice(0)).toEqual([away]);
  const retired: [string, number][] = [];
  const noting = changed(parts.log, { retire: async (...args) => void retired.push(args) });
  await run(runDeps({ ...parts, log: noting }, [backend]), generation, never);
  expect([retired, backend.requests.length]).toEqual([[[generation.id, 60_000]], 1]);
});
