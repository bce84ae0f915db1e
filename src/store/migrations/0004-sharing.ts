import type { Kysely } from 'kysely';

/** Who may read beside the owner, and the links that admit to one generation or conversation. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['conversations', 'generations']) {
    await db.schema
      .alterTable(table)
      .addColumn('visibility', 'text', (column) => column.notNull().defaultTo('PRIVATE'))
      .execute();
  }
  await db.schema
    .createTable('share_links')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('target_id', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await db.schema.createIndex('share_links_of_target').on('share_links').columns(['target_id', 'id']).execute();
}
