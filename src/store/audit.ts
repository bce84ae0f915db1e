import type { Kysely } from 'kysely';
import { inList } from './in-list.ts';
import { cut, decodePosition, encodePosition, positions, readingOrder } from './paging.ts';
import type { AuditRecords } from './store.ts';
import { type Tables, toAuditEvent } from './tables.ts';

/** The audit log by SQL. */
export function sqlAudit(db: Kysely<Tables>): AuditRecords {
  return {
    async add({ id, at, kind, actorId, subjectId, ip, detail }) {
      await db
        .insertInto('audit_events')
        .values({ id, at, kind, actor_id: actorId, subject_id: subjectId, ip, detail: JSON.stringify(detail) })
        .execute();
    },

    async byIds(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('audit_events').selectAll().where('id', 'in', inList(ids)).execute();
      return rows.map(toAuditEvent);
    },

    async page(page) {
      let query = db
        .selectFrom('audit_events')
        .selectAll()
        .orderBy('id', readingOrder(page, 'desc'))
        .limit(page.limit + 1);
      if (page.after !== undefined) query = query.where('id', '<', idOf(page.after));
      if (page.before !== undefined) query = query.where('id', '>', idOf(page.before));
      const found = (await query.execute()).map((row) => ({
        row: toAuditEvent(row),
        position: encodePosition(row.id),
      }));
      return cut(found, page);
    },

    async prune(at) {
      await db.deleteFrom('audit_events').where('at', '<', at).execute();
    },
  };
}

const idOf = (position: string) => decodePosition(position, positions.audit)[0];
