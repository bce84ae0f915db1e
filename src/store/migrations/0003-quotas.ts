import { type Kysely, sql } from 'kysely';

/** What quotas and the usage by day are reckoned from. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const addColumn = (table: string, name: string) =>
    db.schema
      .alterTable(table)
      .addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
  await addColumn('generations', 'reserved_tokens');
  await addColumn('generations', 'prompt_estimate');
  // Null in rows from before: the viewer's.
  await db.schema.alterTable('generations').addColumn('account_id', 'text').execute();
  await reservations(db);
  await addColumn('conversations', 'characters');
  await countCharacters(db);
  await dailyUsage(db);
}

/** What is reserved is the sum over the few rows that have not ended: read from the index alone. */
async function reservations(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropIndex('generations_of_viewer_by_status').execute();
  await db.schema
    .createIndex('generations_of_viewer_by_status')
    .on('generations')
    .columns(['viewer_id', 'status', 'id', 'account_id', 'created_at', 'reserved_tokens'])
    .execute();
}

async function countCharacters(db: Kysely<unknown>): Promise<void> {
  const lengths = sql`select coalesce(sum(length(coalesce(messages.text, generations.text))), 0)
    from messages left join generations on generations.id = messages.generation_id
    where messages.conversation_id = conversations.id`;
  await sql`update conversations set characters = (${lengths})`.execute(db);
}

async function dailyUsage(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('daily_usage')
    .addColumn('viewer_id', 'text', (column) => column.notNull().references('viewers.id'))
    .addColumn('day', 'integer', (column) => column.notNull())
    .addColumn('model_id', 'text', (column) => column.notNull())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('generations', 'bigint', (column) => column.notNull())
    .addColumn('prompt_tokens', 'bigint', (column) => column.notNull())
    .addColumn('completion_tokens', 'bigint', (column) => column.notNull())
    .addColumn('estimated_tokens', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('daily_usage_key', ['viewer_id', 'day', 'model_id', 'account_id'])
    .execute();
}
