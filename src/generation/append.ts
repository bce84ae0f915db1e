import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry } from '../domain/entry.ts';
import { isUnavailable } from '../domain/errors.ts';
import type { Progress } from '../domain/progress.ts';
import { AppendRefused, type Log } from '../log/log.ts';

/** A log that is away for no longer than this stops no run: its text waits. */
const patienceMs = 10_000;
const longestWaitMs = 500;

/**
 * Appends an entry at the end of the log that `progress` has read, and has `progress` read it too. A log that is away is
 * asked again until it is back, unless `signal` is aborted; where it had taken the entry and only its answer was lost,
 * that is found out.
 *
 * @throws AppendRefused where somebody else has written; MillraceError `UNAVAILABLE` where it stays away
 */
export async function appendNext(
  log: Log,
  id: string,
  progress: Progress,
  entry: Entry,
  signal: AbortSignal,
): Promise<void> {
  try {
    await log.append(id, progress, [entry]);
  } catch (error) {
    await appendAgain(log, id, progress, entry, signal, error);
  }
  progress.apply(entry);
}

async function appendAgain(
  log: Log,
  id: string,
  progress: Progress,
  entry: Entry,
  signal: AbortSignal,
  failure: unknown,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (let wait = 25, error = failure; ; wait = Math.min(2 * wait, longestWaitMs)) {
    if (!isUnavailable(error) || signal.aborted || performance.now() + wait > deadline) throw error;
    // Aborted meanwhile, it tries just once more.
    await sleep(wait, undefined, { signal }).catch(() => {});
    try {
      return await appendOnce(log, id, progress, entry);
    } catch (again) {
      error = again;
    }
  }
}

/** Appends it unless it is there already. */
async function appendOnce(log: Log, id: string, progress: Progress, entry: Entry): Promise<void> {
  try {
    await log.append(id, progress, [entry]);
  } catch (error) {
    if (!(error instanceof AppendRefused && (await isNext(log, id, progress, entry)))) throw error;
  }
}

/** Whether just this entry follows in the log. */
async function isNext(log: Log, id: string, { epoch, offset }: Progress, entry: Entry): Promise<boolean> {
  const slice = (await log.read(new Map([[id, offset]]))).get(id);
  return slice?.epoch === epoch && JSON.stringify(slice.entries[0]) === JSON.stringify(entry);
}
