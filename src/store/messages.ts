import type { Kysely } from 'kysely';
import type { Message } from '../domain/conversation.ts';
import { notFound } from '../domain/errors.ts';
import type { ChatMessage } from '../domain/generation.ts';
import { inList } from './in-list.ts';
import { cut, decodePosition, encodePosition, positions, readingOrder } from './paging.ts';
import type { Page, PageRequest } from './store.ts';
import { type Tables, toMessage } from './tables.ts';

/**
 * The same page of several conversations, in one statement: the inner query numbers the messages of each by the
 * index alone, and only the messages on the pages are read.
 * @see ConversationRecords.messagePages
 */
export async function messagePages(
  db: Kysely<Tables>,
  conversationIds: readonly string[],
  page: PageRequest,
): Promise<Map<string, Page<Message>>> {
  if (conversationIds.length === 0) return new Map();
  const direction = readingOrder(page, 'asc');
  const { after, before } = page;
  const rows = await db
    .with('numbered', (cte) =>
      cte
        .selectFrom('messages')
        .select('id')
        .select(({ fn }) =>
          fn
            .agg<number | string>('row_number')
            .over((over) => over.partitionBy('conversation_id').orderBy('id', direction))
            .as('number'),
        )
        .where('conversation_id', 'in', inList(conversationIds))
        .$if(after !== undefined, (query) => query.where('id', '>', idOf(after ?? '')))
        .$if(before !== undefined, (query) => query.where('id', '<', idOf(before ?? ''))),
    )
    .selectFrom('numbered')
    .innerJoin('messages', 'messages.id', 'numbered.id')
    .selectAll('messages')
    .where('numbered.number', '<=', page.limit + 1)
    .orderBy('messages.id', direction)
    .execute();
  const found = Map.groupBy(rows, (row) => row.conversation_id);
  const pageOf = (id: string) =>
    cut(
      (found.get(id) ?? []).map((row) => ({ row: toMessage(row), position: encodePosition(row.id) })),
      page,
    );
  return new Map(conversationIds.map((id) => [id, pageOf(id)]));
}

const idOf = (position: string) => decodePosition(position, positions.messages)[0];

/**
 * The texts that the model is to read.
 * @see GenerationRecords.prompt
 */
export async function prompt(db: Kysely<Tables>, id: string): Promise<ChatMessage[]> {
  const generation = await db
    .selectFrom('generations')
    .select(['messages', 'conversation_id', 'message_id'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!generation) throw notFound(`Generation ${id}`);
  if (generation.messages !== null) return JSON.parse(generation.messages);
  const rows = await db
    .selectFrom('messages')
    .leftJoin('generations', 'generations.id', 'messages.generation_id')
    .select(({ fn }) => [
      'messages.role',
      fn.coalesce('messages.text', 'generations.text').$castTo<string | null>().as('text'),
    ])
    .where('messages.conversation_id', '=', generation.conversation_id)
    .where('messages.id', '<', generation.message_id)
    .orderBy('messages.id')
    .execute();
  return rows.flatMap(({ role, text }) => (text ? [{ role, text }] : []));
}
