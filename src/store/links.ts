import type { Kysely } from 'kysely';
import { inList } from './in-list.ts';
import type { LinkRecords } from './store.ts';
import { type Tables, toLink } from './tables.ts';

/** The links by SQL. */
export function sqlLinks(db: Kysely<Tables>): LinkRecords {
  const select = () => db.selectFrom('share_links').selectAll();
  return {
    async create({ id, targetId, createdAt, expiresAt, revokedAt }, hash) {
      const times = { created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt };
      await db
        .insertInto('share_links')
        .values({ id, target_id: targetId, hash, ...times })
        .execute();
    },

    async byHash(hash) {
      const row = await select().where('hash', '=', hash).executeTakeFirst();
      return row && toLink(row);
    },

    async byIds(ids) {
      if (ids.length === 0) return [];
      return (await select().where('id', 'in', inList(ids)).execute()).map(toLink);
    },

    async ofTargets(targetIds) {
      if (targetIds.length === 0) return [];
      const rows = await select().where('target_id', 'in', inList(targetIds)).orderBy('id', 'desc').execute();
      return rows.map(toLink);
    },

    async revoke(id, at) {
      const row = await db
        .updateTable('share_links')
        .set(({ fn, val }) => ({ revoked_at: fn.coalesce('revoked_at', val(at)).$castTo<number>() }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      return row && toLink(row);
    },
  };
}
