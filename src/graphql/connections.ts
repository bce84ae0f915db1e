import { badInput } from '../domain/errors.ts';
import type { Page, PageRequest } from '../store/store.ts';

export const defaultSize = 20;
export const maxSize = 100;
/** How far back usage is told by day. */
export const mostDays = 366;
/** Ours have a third of that. What is longer would be told apart from others, and copied, again and again. */
const maxCursorLength = 200;

interface ConnectionArguments {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** What to ask the store for. @throws MillraceError `BAD_USER_INPUT` */
export function pageRequest({ first, after, last, before }: ConnectionArguments): PageRequest {
  if (first != null && last != null) throw badInput('Give `first` or `last`, not both.');
  const limit = first ?? last ?? defaultSize;
  if (limit < 0 || limit > maxSize)
    throw badInput(`\`${last == null ? 'first' : 'last'}\` must be from 0 to ${maxSize}.`);
  for (const [name, cursor] of Object.entries({ after, before })) {
    if (cursor && cursor.length > maxCursorLength)
      throw badInput(`\`${name}\` is not a cursor: those have at most ${maxCursorLength} characters.`);
  }
  return { limit, from: last == null ? 'start' : 'end', after: after ?? undefined, before: before ?? undefined };
}

/** A page as a connection: https://relay.dev/graphql/connections.htm */
export function connection<Row>({ rows, hasNextPage, hasPreviousPage }: Page<Row>) {
  const edges = rows.map(({ row, position }) => ({ node: row, cursor: position }));
  const startCursor = edges[0]?.cursor ?? null;
  const endCursor = edges.at(-1)?.cursor ?? null;
  return {
    edges,
    nodes: rows.map(({ row }) => row),
    pageInfo: { hasNextPage, hasPreviousPage, startCursor, endCursor },
  };
}
