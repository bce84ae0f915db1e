import { type Kysely, sql } from 'kysely';
import type { Conversation } from '../domain/conversation.ts';
import { inList } from './in-list.ts';
import { messagePages } from './messages.ts';
import { cut, decodePosition, encodePosition, positions, readingOrder } from './paging.ts';
import type { ConversationRecords } from './store.ts';
import { type Tables, toConversation, toMessage } from './tables.ts';

/** The conversations and their messages by SQL. */
export function sqlConversations(db: Kysely<Tables>): ConversationRecords {
  return {
    async create({
      id,
      ownerId,
      title,
      lastMessageId,
      activeGenerationId,
      visibility,
      characters,
      createdAt,
      updatedAt,
    }) {
      await db
        .insertInto('conversations')
        .values({
          id,
          owner_id: ownerId,
          title,
          last_message_id: lastMessageId,
          active_generation_id: activeGenerationId,
          characters,
          visibility,
          created_at: createdAt,
          updated_at: updatedAt,
        })
        .execute();
    },

    async byIds(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('conversations').selectAll().where('id', 'in', inList(ids)).execute();
      return rows.map(toConversation);
    },

    rename: (id, title) => change(db, id, { title }),
    setVisibility: (id, visibility) => change(db, id, { visibility }),

    delete: (id) => remove(db, id),
    page: (ownerId, page) => conversationPage(db, ownerId, page),

    async messagesByIds(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('messages').selectAll().where('id', 'in', inList(ids)).execute();
      return rows.map(toMessage);
    },

    messagePages: (conversationIds, page) => messagePages(db, conversationIds, page),
  };
}

async function change(
  db: Kysely<Tables>,
  id: string,
  changes: Partial<Pick<Conversation, 'title' | 'visibility'>>,
): Promise<Conversation | undefined> {
  const row = await db.updateTable('conversations').set(changes).where('id', '=', id).returningAll().executeTakeFirst();
  return row && toConversation(row);
}

/**
 * The conversation goes first: a message that is being sent holds its row, so either it is in already and nothing is
 * deleted, or it finds no conversation.
 */
function remove(db: Kysely<Tables>, id: string): Promise<string[] | undefined> {
  return db.transaction().execute(async (trx) => {
    const idle = await trx
      .deleteFrom('conversations')
      .where('id', '=', id)
      .where('active_generation_id', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!idle) return undefined;
    await trx.deleteFrom('messages').where('conversation_id', '=', id).execute();
    const generations = trx.selectFrom('generations').select('id').where('conversation_id', '=', id);
    await trx
      .deleteFrom('share_links')
      .where(({ or, eb }) => or([eb('target_id', '=', id), eb('target_id', 'in', generations)]))
      .execute();
    const gone = await trx.deleteFrom('generations').where('conversation_id', '=', id).returning('id').execute();
    return gone.map((row) => row.id);
  });
}

const conversationPage = async (
  db: Kysely<Tables>,
  ownerId: string,
  page: Parameters<ConversationRecords['page']>[1],
) => {
  const direction = readingOrder(page, 'desc');
  let query = db
    .selectFrom('conversations')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .orderBy('updated_at', direction)
    .orderBy('id', direction)
    .limit(page.limit + 1);
  if (page.after !== undefined) query = query.where(place, '<', placeOf(page.after));
  if (page.before !== undefined) query = query.where(place, '>', placeOf(page.before));
  const found = (await query.execute()).map((row) => ({
    row: toConversation(row),
    position: encodePosition(`${row.updated_at} ${row.id}`),
  }));
  return cut(found, page);
};

const place = sql`(updated_at, id)`;

function placeOf(position: string) {
  const [updatedAt, id] = decodePosition(position, positions.conversations);
  return sql`(${Number(updatedAt)}, ${id})`;
}
