import type { Kysely } from 'kysely';

/** The first tables. Long texts are the last columns, so that SQLite reads the others without them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('viewers')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .execute();
  await conversations(db);
  await messages(db);
  await generations(db);
  await counters(db);
}

async function conversations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('conversations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('owner_id', 'text', (column) => column.notNull().references('viewers.id'))
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('last_message_id', 'text')
    .addColumn('active_generation_id', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('conversations_of_owner')
    .on('conversations')
    .columns(['owner_id', 'updated_at', 'id'])
    .execute();
}

async function messages(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('messages')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('conversation_id', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('author_id', 'text', (column) => column.references('viewers.id'))
    .addColumn('generation_id', 'text')
    .addColumn('reply_to_id', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('text', 'text')
    // Deferred: a conversation is deleted before what it holds.
    .addForeignKeyConstraint('messages_conversation', ['conversation_id'], 'conversations', ['id'], (key) =>
      key.deferrable().initiallyDeferred(),
    )
    .execute();
  await db.schema.createIndex('messages_of_conversation').on('messages').columns(['conversation_id', 'id']).execute();
}

async function generations(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('generations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('viewer_id', 'text', (column) => column.notNull().references('viewers.id'))
    .addColumn('model_id', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('parameters', 'text', (column) => column.notNull())
    .addColumn('on_disconnect', 'text', (column) => column.notNull())
    .addColumn('conversation_id', 'text')
    .addColumn('message_id', 'text')
    .addColumn('idempotency_key', 'text')
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('finish_reason', 'text')
    .addColumn('prompt_tokens', 'integer')
    .addColumn('completion_tokens', 'integer')
    .addColumn('error', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('first_token_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('course', 'text')
    .addColumn('messages', 'text')
    .addColumn('text', 'text', (column) => column.notNull())
    .addUniqueConstraint('generations_key', ['viewer_id', 'idempotency_key'])
    // Deferred: a reply is written before its conversation is known to be there, and deleted after it.
    .addForeignKeyConstraint('generations_conversation', ['conversation_id'], 'conversations', ['id'], (key) =>
      key.deferrable().initiallyDeferred(),
    )
    .execute();
  const index = (name: string, columns: string[]) =>
    db.schema.createIndex(name).on('generations').columns(columns).execute();
  await index('generations_of_viewer', ['viewer_id', 'id']);
  await index('generations_of_viewer_by_status', ['viewer_id', 'status', 'id']);
  await index('generations_of_conversation', ['conversation_id']);
  // The status first: the few that are queued or running lie together.
  await index('generations_by_status', ['status', 'model_id', 'id']);
}

/** What is counted when a generation ends, so that nobody scans a growing table. */
async function counters(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('viewer_usage')
    .addColumn('viewer_id', 'text', (column) => column.primaryKey().references('viewers.id'))
    .addColumn('generations', 'bigint', (column) => column.notNull())
    .addColumn('prompt_tokens', 'bigint', (column) => column.notNull())
    .addColumn('completion_tokens', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('model_totals')
    .addColumn('model_id', 'text', (column) => column.primaryKey())
    .addColumn('processed', 'bigint', (column) => column.notNull())
    .addColumn('completed', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('model_samples')
    .addColumn('model_id', 'text', (column) => column.notNull())
    .addColumn('slot', 'integer', (column) => column.notNull())
    .addColumn('tokens_per_second', 'double precision')
    .addColumn('time_to_first_token_ms', 'double precision')
    .addPrimaryKeyConstraint('model_samples_slot', ['model_id', 'slot'])
    .execute();
}
