import type { Kysely } from 'kysely';
import type { Generation } from '../domain/generation.ts';
import { modelFigures } from './figures.ts';
import { inList } from './in-list.ts';
import { prompt } from './messages.ts';
import { cut, decodePosition, encodePosition, positions, readingOrder } from './paging.ts';
import { settle } from './settle.ts';
import type { GenerationRecords, Page, PageRequest, UnsettledGeneration } from './store.ts';
import { submit } from './submit.ts';
import { generationColumns, type Tables, toGeneration } from './tables.ts';

export type Lightly = (write: (db: Kysely<Tables>) => Promise<void>) => Promise<void>;

/** The generations by SQL. */
export function sqlGenerations(db: Kysely<Tables>, lightly: Lightly): GenerationRecords {
  return {
    submit: (draft) => submit(db, draft),

    async byIds(ids) {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom('generations')
        .select(generationColumns)
        .where('id', 'in', inList(ids))
        .execute();
      return rows.map(toGeneration);
    },

    prompt: (id) => prompt(db, id),

    // Where this is lost, the log has it.
    start: (id, attempt, at) => lightly((one) => start(one, id, attempt, at)),

    async setVisibility(id, visibility) {
      const row = await db
        .updateTable('generations')
        .set({ visibility })
        .where('id', '=', id)
        .returning(generationColumns)
        .executeTakeFirst();
      return row && toGeneration(row);
    },

    settle: (id, outcome) => settle(db, id, outcome),
    unsettled: (viewerId) => unsettled(db, viewerId),
    page: (viewerId, page, status) => generationPage(db, viewerId, page, status),
    queuePositions: (ids) => queuePositions(db, ids),
    modelFigures: () => modelFigures(db),
  };
}

async function start(db: Kysely<Tables>, id: string, attempt: number, at: number): Promise<void> {
  await db
    .updateTable('generations')
    .set(({ fn, val }) => ({
      status: 'RUNNING',
      attempts: attempt,
      started_at: fn.coalesce('started_at', val(at)).$castTo<number>(),
    }))
    .where('id', '=', id)
    .where('attempts', '<', attempt)
    .where('status', 'in', ['QUEUED', 'RUNNING'])
    .execute();
}

async function unsettled(db: Kysely<Tables>, viewerId: string | undefined): Promise<UnsettledGeneration[]> {
  const rows = await db
    .selectFrom('generations')
    .select(['id', 'model_id', 'viewer_id', 'status', 'created_at'])
    .where('status', 'in', ['QUEUED', 'RUNNING'])
    .$if(viewerId !== undefined, (query) => query.where('viewer_id', '=', viewerId ?? ''))
    .orderBy('id')
    .execute();
  return rows.map(({ id, model_id, viewer_id, status, created_at }) => ({
    id,
    modelId: model_id,
    viewerId: viewer_id,
    status: status === 'RUNNING' ? 'RUNNING' : 'QUEUED',
    createdAt: Number(created_at),
  }));
}

async function generationPage(
  db: Kysely<Tables>,
  viewerId: string,
  page: PageRequest,
  status: Generation['status'] | undefined,
): Promise<Page<Generation>> {
  let query = db
    .selectFrom('generations')
    .select(generationColumns)
    .where('viewer_id', '=', viewerId)
    .orderBy('id', readingOrder(page, 'desc'))
    .limit(page.limit + 1);
  if (status !== undefined) query = query.where('status', '=', status);
  if (page.after !== undefined) query = query.where('id', '<', idOf(page.after));
  if (page.before !== undefined) query = query.where('id', '>', idOf(page.before));
  const found = (await query.execute()).map((row) => ({ row: toGeneration(row), position: encodePosition(row.id) }));
  return cut(found, page);
}

const idOf = (position: string) => decodePosition(position, positions.generations)[0];

/** Ids sort by creation, so the place in line is the rank among the queued ids of the model. */
async function queuePositions(db: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .with('line', (cte) =>
      cte
        .selectFrom('generations')
        .select('id')
        .select(({ fn }) =>
          fn
            .agg<number | string>('row_number')
            .over((over) => over.partitionBy('model_id').orderBy('id'))
            .as('position'),
        )
        .where('status', '=', 'QUEUED'),
    )
    .selectFrom('line')
    .select(['id', 'position'])
    .where('id', 'in', inList(ids))
    .execute();
  return new Map(rows.map(({ id, position }) => [id, Number(position)]));
}
