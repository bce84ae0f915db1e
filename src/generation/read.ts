import { beginning } from '../domain/cursor.ts';
import { isUnavailable } from '../domain/errors.ts';
import { type Generation, hasEnded } from '../domain/generation.ts';
import { Progress } from '../domain/progress.ts';
import type { Head, Log } from '../log/log.ts';
import type { Content } from './generation.ts';

/** The epoch of cursors that were given before there was a log: a reader who comes with one starts at the beginning. */
const noEpoch = '-';

/** Several logs read whole, in as many questions as the longest of them needs; those that do not exist are missing. */
export async function readProgress(log: Log, ids: readonly string[]): Promise<Map<string, Progress>> {
  const found = new Map<string, Progress>();
  let open = new Map(ids.map((id) => [id, 0]));
  while (open.size > 0) {
    const slices = await log.read(open);
    open = new Map();
    for (const [id, slice] of slices) {
      let progress = found.get(id);
      if (progress?.epoch !== slice.epoch) {
        const begunAnew = progress !== undefined;
        progress = new Progress(slice.epoch);
        found.set(id, progress);
        if (begunAnew) {
          open.set(id, 0);
          continue;
        }
      }
      for (const entry of slice.entries) progress.apply(entry);
      if (slice.more) open.set(id, progress.offset);
    }
  }
  return found;
}

/**
 * What each of these generations has written so far, by id.
 * @throws MillraceError `UNAVAILABLE` where the logs are away, and one of these may have written something.
 */
export async function readContent(log: Log, generations: readonly Generation[]): Promise<Map<string, Content>> {
  const open = generations.filter(({ course }) => !course);
  const ids = open.map(({ id }) => id);
  const progress = await readProgress(log, ids).catch((error: unknown) => {
    // Who has just submitted one is to have its id, whatever else is away.
    if (isUnavailable(error) && open.every(({ status }) => status === 'QUEUED')) return new Map<string, Progress>();
    throw error;
  });
  return new Map(generations.map((generation) => [generation.id, contentOf(generation, progress.get(generation.id))]));
}

function contentOf({ course, text }: Generation, progress: Progress | undefined): Content {
  if (course) return { text, position: { epoch: course.epoch, offset: course.offset, length: text.length } };
  if (!progress) return { text: '', position: beginning(noEpoch) };
  const { epoch, offset } = progress;
  return { text: progress.text, position: { epoch, offset, length: progress.text.length } };
}

/**
 * The rows as they are now: until a generation has ended its log knows more than its row. One question to the log;
 * where that is away, what the rows say has to do.
 */
export async function readCurrent(log: Log, rows: readonly Generation[]): Promise<Generation[]> {
  const open = rows.filter((row) => !hasEnded(row));
  if (open.length === 0) return [...rows];
  const heads = await log.heads(open.map(({ id }) => id)).catch((error: unknown) => {
    if (isUnavailable(error)) return new Map<string, Head>();
    throw error;
  });
  return rows.map((row) => {
    const head = hasEnded(row) ? undefined : heads.get(row.id);
    return head ? withHead(row, head) : row;
  });
}

function withHead(row: Generation, { attempt, startedAt, firstTokenAt, ended }: Head): Generation {
  const begun = { attempts: attempt, startedAt, firstTokenAt };
  if (!ended) return { ...row, ...begun, status: attempt > 0 ? 'RUNNING' : 'QUEUED' };
  const { status, finishReason, usage, error, at } = ended;
  return { ...row, ...begun, status, finishReason, usage, error, endedAt: at };
}
