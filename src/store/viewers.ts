import type { Kysely } from 'kysely';
import type { Viewer } from '../domain/conversation.ts';
import { inList } from './in-list.ts';
import type { ViewerRecords } from './store.ts';
import { type Tables, toViewer } from './tables.ts';

/** The viewers by SQL. */
export function sqlViewers(db: Kysely<Tables>): ViewerRecords {
  return {
    put: (viewer) => putViewer(db, viewer),

    async byIds(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('viewers').selectAll().where('id', 'in', inList(ids)).execute();
      return rows.map(toViewer);
    },
  };
}

/** @see ViewerRecords.put */
export async function putViewer(db: Kysely<Tables>, { id, name, role }: Viewer): Promise<void> {
  await db
    .insertInto('viewers')
    .values({ id, name, role })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ name, role }))
    .execute();
}
