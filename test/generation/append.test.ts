import { expect, test } from 'vitest';
import { MillraceError } from '../../src/domain/errors.ts';
import { appendNext } from '../../src/generation/append.ts';
import { readProgress } from '../../src/generation/read.ts';
import type { Log } from '../../src/log/log.ts';
import { appendTo, ended, started, text } from '../contract/log.ts';
import { changed, queuedGeneration, useParts } from './parts.ts';

const opened = useParts();
const never = new AbortController().signal;

/** A log whose first appends fail, before or after they have done their work. */
function unreliable(log: Log, ...failures: ('before' | 'after')[]): Log {
  const append: Log['append'] = async (...call) => {
    const failure = failures.shift();
    if (failure !== 'before') await log.append(...call);
    if (failure) throw new MillraceError('UNAVAILABLE', 'cut');
  };
  return changed(log, { append });
}

async function begun() {
  const { parts } = opened;
  const { id } = await queuedGeneration(parts);
  await appendTo(parts.log, id, [started(1)]);
  const progress = (await readProgress(parts.log, [id])).get(id);
  if (!progress) throw new Error('no log');
  return { log: parts.log, id, progress };
}

test.each([
  ['had not written', ['before', 'before']],
  ['had written, and only its answer was lost', ['after', 'before']],
] as const)('an append to a log that was away, and %s, is there once', async (_what, failures) => {
  const { log, id, progress } = await begun();
  const away = unreliable(log, ...failures);
  for (const entry of [text(0, 'Call'), text(4, ' me'), ended]) await appendNext(away, id, progress, entry, never);
  const { entries = [] } = (await log.read(new Map([[id, 2]]))).get(id) ?? {};
  expect(entries).toEqual([text(0, 'Call'), text(4, ' me'), ended]);
  expect([progress.text, progress.ended]).toEqual(['Call me', ended]);
});

test('what another one wrote while the log was away is not overlooked', async () => {
  const { log, id, progress } = await begun();
  const away = unreliable(log, 'before');
  const appended = appendNext(away, id, progress, text(0, 'Call'), never);
  await appendTo(log, id, [started(2)]);
  await expect(appended).rejects.toMatchObject({ reason: 'superseded' });
});

test('a log that is away again, just when it is asked whether it had taken the entry, is asked once more', async () => {
  const { log, id, progress } = await begun();
  const away = unreliable(log, 'after');
  let asked = 0;
  const read: Log['read'] = async (after) => {
    if (++asked === 1) throw new MillraceError('UNAVAILABLE', 'cut');
    return log.read(after);
  };
  await appendNext(changed(away, { read }), id, progress, text(0, 'Call'), never);
  expect([progress.text, asked]).toEqual(['Call', 2]);
});

test('a log that is away is not waited for once the signal is aborted', async () => {
  const { log, id, progress } = await begun();
  const stop = new AbortController();
  let tries = 0;
  const append: Log['append'] = async () => {
    if (++tries === 3) setImmediate(() => stop.abort());
    throw new MillraceError('UNAVAILABLE', 'away');
  };
  const appended = appendNext(changed(log, { append }), id, progress, text(0, 'Call'), stop.signal);
  await expect(appended).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(tries).toBe(4);
});
