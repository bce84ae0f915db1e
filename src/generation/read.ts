import type { Entry } from '../domain/entry.ts';
import { isUnavailable } from '../domain/errors.ts';
import { type Generation, hasEnded } from '../domain/generation.ts';
import { Progress } from '../domain/progress.ts';
import type { Head, Log, Slice } from '../log/log.ts';

/**
 * Several logs read to their ends, in as many questions as the longest of them needs; those that do not exist are missing.
 * What is `known` of one is gone on from, where its last entry is still in its place: a log that lost its end may have
 * grown another one.
 */
export async function readProgress(
  log: Log,
  ids: readonly string[],
  known: Pick<ReadonlyMap<string, Progress>, 'get'> = new Map(),
): Promise<Map<string, Progress>> {
  const found = new Map<string, Progress>();
  for (const id of ids) {
    const progress = known.get(id);
    if (progress) found.set(id, progress);
  }
  let open = new Map(ids.map((id) => [id, Math.max(0, (found.get(id)?.offset ?? 0) - 1)]));
  while (open.size > 0) {
    const slices = await log.read(open);
    if (slices.size < open.size) for (const id of open.keys()) if (!slices.has(id)) found.delete(id);
    open = new Map();
    for (const [id, slice] of slices) {
      const before = found.get(id) ?? new Progress(slice.epoch);
      const entries = beyond(before, slice);
      if (!entries) {
        found.delete(id);
        open.set(id, 0);
        continue;
      }
      const progress = entries.length > 0 ? before.with(entries) : before;
      found.set(id, progress);
      if (slice.more) open.set(id, progress.offset);
    }
  }
  return found;
}

/** What a slice has beyond what was read before; undefined where that was another log. */
function beyond({ epoch, offset, last }: Progress, slice: Slice): readonly Entry[] | undefined {
  if (slice.epoch !== epoch) return undefined;
  if (slice.after === offset) return slice.entries;
  const [first] = slice.entries;
  return first && last && isSame(first, last) ? slice.entries.slice(1) : undefined;
}

/** Whether it is the same entry: each has its time, and nothing in it that could be the same and another object. */
function isSame(one: Entry, other: Entry): boolean {
  const [values, others] = [one, other] as unknown as Record<string, unknown>[];
  for (const name in values) if (values[name] !== others?.[name]) return false;
  return true;
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
