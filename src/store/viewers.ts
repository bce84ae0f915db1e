import type { Kysely } from 'kysely';
import { inList } from './in-list.ts';
import type { ViewerRecords } from './store.ts';
import { type Tables, toViewer } from './tables.ts';

/** The viewers by SQL. */
export function sqlViewers(db: Kysely<Tables>): ViewerRecords {
  return {
    async put({ id, name, role }) {
      await db
        .insertInto('viewers')
        .values({ id, name, role })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ name, role }))
        .execute();
    },

    async byIds(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('viewers').selectAll().where('id', 'in', inList(ids)).execute();
      return rows.map(toViewer);
    },
  };
}
