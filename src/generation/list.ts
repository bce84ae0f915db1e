import type { Generation } from '../domain/generation.ts';
import type { Log } from '../log/log.ts';
import type { Page, PageRequest, Store } from '../store/store.ts';
import { readCurrent } from './read.ts';

interface ListDeps {
  readonly store: Store;
  readonly log: Log;
}

type ForwardPage = Pick<PageRequest, 'limit' | 'after'>;
type Rows = Page<Generation>['rows'];

/**
 * A viewer's generations as they are now, newest first. A row that is queued or running may be behind its log, so with
 * a `status` all such rows are looked at too: a page holds just those that have the status by now.
 *
 * @throws MillraceError `BAD_USER_INPUT` for a position that the list never gave
 */
export async function listGenerations(
  deps: ListDeps,
  viewerId: string,
  { limit, after }: ForwardPage,
  status?: Generation['status'],
): Promise<Page<Generation>> {
  const found: Rows[number][] = [];
  let rest: ForwardPage = { limit: limit + 1, after };
  while (found.length <= limit) {
    const rows = await candidates(deps.store, viewerId, rest, status);
    const now = await readCurrent(
      deps.log,
      rows.map(({ row }) => row),
    );
    for (const [i, row] of now.entries()) {
      const position = rows[i]?.position;
      if (position !== undefined && (status === undefined || row.status === status)) found.push({ row, position });
    }
    if (rows.length < rest.limit) break;
    // Where few of them fit, as behind a long queue, more are looked at each time.
    rest = { limit: Math.min(2 * rest.limit, 1000), after: rows.at(-1)?.position };
  }
  return { rows: found.slice(0, limit), hasNextPage: found.length > limit, hasPreviousPage: after !== undefined };
}

/** The next rows that may have the status. A row only ever goes forward, so one that moves meanwhile is not missed. */
async function candidates(
  store: Store,
  viewerId: string,
  { limit, after }: ForwardPage,
  status: Generation['status'] | undefined,
): Promise<Rows> {
  const page = { limit, after, from: 'start' } as const;
  if (status === undefined) return (await store.generations.page(viewerId, page)).rows;
  const found = new Map<string, Rows[number]>();
  for (const each of new Set(['QUEUED', 'RUNNING', status] as const)) {
    for (const row of (await store.generations.page(viewerId, page, each)).rows) found.set(row.row.id, row);
  }
  return [...found.values()].sort((a, b) => (a.row.id < b.row.id ? 1 : -1)).slice(0, limit);
}
