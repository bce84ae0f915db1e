import type { ExpressionBuilder, Kysely, Transaction } from 'kysely';
import { idPrefix } from '../domain/ids.ts';
import { inList } from './in-list.ts';
import type { LinkRecords } from './store.ts';
import { type Tables, toLink } from './tables.ts';

/** Neither revoked nor expired. */
const good = (at: number) => (eb: ExpressionBuilder<Tables, 'share_links'>) =>
  eb.and([eb('revoked_at', 'is', null), eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', at)])]);

/** Links to one thing come one after the other, and each counts those before it. On SQLite the transaction begins by writing. */
async function lockTarget(trx: Transaction<Tables>, id: string): Promise<void> {
  await trx
    .updateTable(idPrefix(id) === 'conv' ? 'conversations' : 'generations')
    .set((eb) => ({ visibility: eb.ref('visibility') }))
    .where('id', '=', id)
    .execute();
}

/** The links by SQL. */
export function sqlLinks(db: Kysely<Tables>): LinkRecords {
  const select = () => db.selectFrom('share_links').selectAll();
  return {
    create({ id, targetId, createdAt, expiresAt, revokedAt }, hash, most) {
      const times = { created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt };
      return db.transaction().execute(async (trx) => {
        await lockTarget(trx, targetId);
        const { count } = await trx
          .selectFrom('share_links')
          .select(({ fn }) => fn.countAll().as('count'))
          .where('target_id', '=', targetId)
          .where(good(createdAt))
          .executeTakeFirstOrThrow();
        if (Number(count) >= most) return false;
        await trx
          .insertInto('share_links')
          .values({ id, target_id: targetId, hash, ...times })
          .execute();
        return true;
      });
    },

    async byHash(hash) {
      const row = await select().where('hash', '=', hash).executeTakeFirst();
      return row && toLink(row);
    },

    async byIds(ids) {
      if (ids.length === 0) return [];
      return (await select().where('id', 'in', inList(ids)).execute()).map(toLink);
    },

    async ofTargets(targetIds, at) {
      if (targetIds.length === 0) return [];
      const found = select().where('target_id', 'in', inList(targetIds)).where(good(at));
      return (await found.orderBy('id', 'desc').execute()).map(toLink);
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
