import { describe, expect, test } from 'vitest';
import { newId } from '../../src/domain/ids.ts';
import { run } from '../../src/generation/run.ts';
import { type LogMessage, logTopic } from '../../src/log/log.ts';
import { appendTo, ended, headOf, started, text } from '../contract/log.ts';
import { draft } from '../contract/store/fixtures.ts';
import { changed, type Parts, queuedGeneration, rowOf, runDeps, useParts } from './parts.ts';
import { ScriptedBackend } from './scripted-backend.ts';

const opened = useParts();
const never = new AbortController().signal;

const typesOf = async ({ log }: Parts, id: string) =>
  (await log.read(new Map([[id, 0]]))).get(id)?.entries.map(({ type }) => type);

describe('a job that names the log that was begun for it', () => {
  const job = { epoch: 'known', modelId: 'whale' };

  test('is run without a look at the log, which takes its beginning and the attempt in one go', async () => {
    const { parts } = opened;
    const { generation } = await parts.store.generations.submit(draft({ id: newId('gen'), modelId: 'whale' }));
    const { id } = generation;
    const backend = new ScriptedBackend('one', [['Call']]);
    const read = () => Promise.reject(new Error('It is not read.'));
    const deps = runDeps({ ...parts, log: changed(parts.log, { read }) }, [backend]);
    const heard: number[] = [];
    await parts.bus.subscribe(logTopic(id), (message) => heard.push((message as LogMessage).after));
    const begun = parts.log.append(id, null, [{ type: 'queued', at: 1 }], job.epoch).then(() => [...heard]);
    await run(deps, { ...job, id }, never);
    // Whoever had appended it first of all heard of the attempt too.
    expect(await begun).toEqual([0, 1]);
    expect(await rowOf(parts, id)).toMatchObject({ status: 'COMPLETED', text: 'Call', attempts: 1 });
    expect((await parts.log.heads([id])).get(id)?.epoch).toBe('known');
  });

  test('is run all the same where that log is gone', async () => {
    const { parts } = opened;
    const { id } = await queuedGeneration(parts);
    const { epoch } = await headOf(parts.log, id);
    await parts.log.retire(id, 0);
    await run(runDeps(parts, [new ScriptedBackend('one', [['Call']])]), { ...job, id, epoch }, never);
    expect(await rowOf(parts, id)).toMatchObject({ status: 'COMPLETED', text: 'Call' });
  });

  test.each(['known', undefined])('is left to who has gone on with the log, whatever its name (%s)', async (other) => {
    const { parts } = opened;
    const { id } = await queuedGeneration(parts);
    const epoch = other ?? (await headOf(parts.log, id)).epoch;
    await appendTo(parts.log, id, [started(1), text(0, 'Call')]);
    const backend = new ScriptedBackend('one', [['Ishmael']]);
    await run(runDeps(parts, [backend]), { ...job, id, epoch }, never);
    expect(await typesOf(parts, id)).toEqual(['queued', 'attemptStarted', 'textAppended']);
    expect(backend.open).toBe(0);
  });

  test('is settled where that log was ended before it was run', async () => {
    const { parts } = opened;
    const generation = await queuedGeneration(parts);
    const { id } = generation;
    const { epoch } = await headOf(parts.log, id);
    await appendTo(parts.log, id, [ended]);
    await run(runDeps(parts, [new ScriptedBackend('one', [['Ishmael']])]), { ...job, id, epoch }, never);
    expect(await rowOf(parts, id)).toMatchObject({ status: 'COMPLETED', text: '' });
  });
});
