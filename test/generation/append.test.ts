import { expect, test } from 'vitest';
import { MillraceError } from '../../src/domain/errors.ts';
import { appendNext } from '../../src/generation/append.ts';
import { readProgress } from '../../src/generation/read.ts';
import type { Log } from '../../src/log/log.ts';
import { ended, started, text } from '../contract/log.ts';
import { changed, queuedGeneration, useParts } from './parts.ts';

const opened = useParts();

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
  await parts.log.append(id, 0, [started(1)]);
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
  for (const entry of [text(0, 'Call'), text(4, ' me'), ended]) await appendNext(away, id, progress, entry);
  const { entries = [] } = (await log.read(new Map([[id, 2]]))).get(id) ?? {};
  expect(entries).toEqual([text(0, 'Call'), text(4, ' me'), ended]);
  expect([progress.text, progress.ended]).toEqual(['Call me', ended]);
});

test('what another one wrote while the log was away is not overlooked', async () => {
  const { log, id, progress } = await begun();
  const away = unreliable(log, 'before');
  const appended = appendNext(away, id, progress, text(0, 'Call'));
  await log.append(id, 1, [started(2)]);
  await expect(appended).rejects.toMatchObject({ reason: 'superseded' });
});
