import { isUnavailable } from '../domain/errors.ts';
import { type Generation, hasEnded } from '../domain/generation.ts';
import { Progress } from '../domain/progress.ts';
import type { Head, Log } from '../log/log.ts';

/**
 * Several logs read to their ends, in as many questions as the longest of them needs; those that do not exist are missing.
 * What is `known` of one is gone on from, in a copy.
 */
export async function readProgress(
  log: Log,
  ids: readonly string[],
  known: ReadonlyMap<string, Progress> = new Map(),
): Promise<Map<string, Progress>> {
  const found = new Map([...known].map(([id, progress]) => [id, progress.copy()]));
  let open = new Map(ids.map((id) => [id, found.get(id)?.offset ?? 0]));
  while (open.size > 0) {
    const slices = await log.read(open);
    for (const id of open.keys()) if (!slices.has(id)) found.delete(id);
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
