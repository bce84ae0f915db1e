import type { Kysely } from 'kysely';
import { inList } from './in-list.ts';
import { cut, decodePosition, encodePosition, positions, readingOrder } from './paging.ts';
import type { KeyRecords } from './store.ts';
import { type Tables, toKey } from './tables.ts';
import { putViewer } from './viewers.ts';

const columns = [
  'api_keys.id',
  'viewer_id',
  'api_keys.name',
  'api_keys.role',
  'tokens_per_day',
  'tokens_per_month',
  'created_at',
  'expires_at',
  'revoked_at',
  'last_used_at',
] as const;

/** The API keys by SQL. */
export function sqlKeys(db: Kysely<Tables>): KeyRecords {
  return {
    async create(key, secretHash, viewer) {
      const { id, viewerId, name, role, createdAt, expiresAt, revokedAt, lastUsedAt } = key;
      await db.transaction().execute(async (trx) => {
        if (viewer) await putViewer(trx, viewer);
        const times = { created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt, last_used_at: lastUsedAt };
        const quota = { tokens_per_day: key.tokensPerDay, tokens_per_month: key.tokensPerMonth };
        await trx
          .insertInto('api_keys')
          .values({ id, viewer_id: viewerId, name, role, secret_hash: secretHash, ...quota, ...times })
          .execute();
      });
    },

    async byIds(ids) {
      if (ids.length === 0) return [];
      const rows = await db
        .selectFrom('api_keys')
        .innerJoin('viewers', 'viewers.id', 'viewer_id')
        .select([...columns, 'secret_hash', 'viewers.name as viewer_name'])
        .where('api_keys.id', 'in', inList(ids))
        .execute();
      return rows.map((row) => ({ key: toKey(row), secretHash: row.secret_hash, viewerName: row.viewer_name }));
    },

    async page(page) {
      let query = db
        .selectFrom('api_keys')
        .select(columns)
        .orderBy('id', readingOrder(page, 'desc'))
        .limit(page.limit + 1);
      if (page.after !== undefined) query = query.where('id', '<', idOf(page.after));
      if (page.before !== undefined) query = query.where('id', '>', idOf(page.before));
      const found = (await query.execute()).map((row) => ({ row: toKey(row), position: encodePosition(row.id) }));
      return cut(found, page);
    },

    async revoke(id, at) {
      const row = await db
        .updateTable('api_keys')
        .set(({ fn, val }) => ({ revoked_at: fn.coalesce('revoked_at', val(at)).$castTo<number>() }))
        .where('id', '=', id)
        .returning(columns)
        .executeTakeFirst();
      return row && toKey(row);
    },

    async touch(ids, at) {
      if (ids.length === 0) return;
      await db.updateTable('api_keys').set({ last_used_at: at }).where('id', 'in', inList(ids)).execute();
    },
  };
}

const idOf = (position: string) => decodePosition(position, positions.keys)[0];
