import type { Kysely, Transaction } from 'kysely';
import { badInput, conflict, MillraceError, notFound } from '../domain/errors.ts';
import type { Generation } from '../domain/generation.ts';
import { checkQuota } from '../domain/quota.ts';
import type { GenerationDraft, ReplyDraft } from './store.ts';
import { generationColumns, type Tables, toGeneration } from './tables.ts';
import { standings } from './usage.ts';

/** When one of many generations ends can't be known: who may have no more of them at once tries again after this. */
const retryAfterMs = 1_000;

/**
 * Records a new generation, with its messages, in one transaction. The unique index decides between two uses of one
 * key, and the conditional update between two messages to one conversation: a loser waits for the winner's commit,
 * then reads what it wrote. Where the viewer has limits, a viewer's submits come one after the other, and each counts
 * what the earlier ones have written, with its own row.
 * @see GenerationRecords.submit
 */
export function submit(
  db: Kysely<Tables>,
  draft: GenerationDraft,
): Promise<{ generation: Generation; created: boolean }> {
  return db.transaction().execute(async (trx) => {
    const limited = isLimited(draft);
    if (limited) await lockViewer(trx, draft.generation.viewerId);
    const inserted = await insert(trx, draft);
    if (!inserted) return { generation: await earlier(trx, draft), created: false };
    if (limited) await checkLimits(trx, draft);
    if (draft.reply) await addReply(trx, draft, draft.reply);
    return { generation: inserted, created: true };
  });
}

const isLimited = ({ account, generationsAtOnce }: GenerationDraft): boolean =>
  account.tokensPerDay !== null || account.tokensPerMonth !== null || generationsAtOnce !== null;

/**
 * Before anything else, so that on SQLite the transaction begins by writing, and on Postgres whoever waits here holds
 * nothing that others wait for. Ends lock no viewer: they only turn what is reserved into what is used.
 */
async function lockViewer(trx: Transaction<Tables>, id: string): Promise<void> {
  await trx
    .updateTable('viewers')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('id', '=', id)
    .execute();
}

/** @throws MillraceError `RATE_LIMITED`, `QUOTA_EXCEEDED` */
async function checkLimits(trx: Transaction<Tables>, draft: GenerationDraft): Promise<void> {
  const { generation, account, reservedTokens, generationsAtOnce } = draft;
  const { viewerId, createdAt } = generation;
  const standing = (await standings(trx, [viewerId], createdAt)).get(viewerId);
  if (standing && generationsAtOnce !== null && standing.open > generationsAtOnce) {
    const message = `${generationsAtOnce} of your generations are queued or running, and no more may be at once. Wait until one has ended, or cancel one.`;
    throw new MillraceError('RATE_LIMITED', message, { retryAfterMs });
  }
  const own = standing?.accounts.get(account.id);
  if (own) checkQuota(account, own, reservedTokens, createdAt);
}

async function insert(trx: Transaction<Tables>, draft: GenerationDraft): Promise<Generation | undefined> {
  const { generation, reply, messages } = draft;
  const row = await trx
    .insertInto('generations')
    .values({
      id: generation.id,
      viewer_id: generation.viewerId,
      model_id: generation.modelId,
      status: 'QUEUED',
      parameters: JSON.stringify(generation.parameters),
      on_disconnect: generation.onDisconnect,
      conversation_id: reply?.conversationId ?? null,
      message_id: reply?.replyId ?? null,
      idempotency_key: draft.idempotencyKey,
      fingerprint: draft.fingerprint,
      attempts: 0,
      created_at: generation.createdAt,
      account_id: draft.account.id,
      reserved_tokens: draft.reservedTokens,
      prompt_estimate: draft.promptEstimate,
      messages: messages && JSON.stringify(messages),
      text: '',
    })
    .onConflict((onConflict) => onConflict.columns(['viewer_id', 'idempotency_key']).doNothing())
    .returning(generationColumns)
    .executeTakeFirst();
  return row && toGeneration(row);
}

/** The generation that has the key already. */
async function earlier(
  trx: Transaction<Tables>,
  { generation, idempotencyKey, fingerprint }: GenerationDraft,
): Promise<Generation> {
  const row = await trx
    .selectFrom('generations')
    .select(generationColumns)
    .select('fingerprint')
    .where('viewer_id', '=', generation.viewerId)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirstOrThrow();
  if (row.fingerprint !== fingerprint) {
    throw conflict('This idempotency key was used for other input: use a new key for new input.');
  }
  return toGeneration(row);
}

async function addReply(trx: Transaction<Tables>, { generation }: GenerationDraft, reply: ReplyDraft): Promise<void> {
  const { id, viewerId, createdAt } = generation;
  const { conversationId, messageId, replyId, text, title, mostCharacters } = reply;
  const taken = await trx
    .updateTable('conversations')
    .set((eb) => ({
      active_generation_id: id,
      last_message_id: replyId,
      updated_at: createdAt,
      characters: eb('characters', '+', text.length).$castTo<number>(),
      title: eb.case().when('title', '=', '').then(title).else(eb.ref('title')).end(),
    }))
    .where('id', '=', conversationId)
    .where('active_generation_id', 'is', null)
    .returning('characters')
    .executeTakeFirst();
  if (!taken) throw await refusal(trx, conversationId);
  const length = Number(taken.characters);
  if (length > mostCharacters) {
    throw badInput(
      `With this message the conversation has ${length} characters; ${mostCharacters} are allowed. Begin a new conversation.`,
    );
  }
  const message = { conversation_id: conversationId, created_at: createdAt };
  await trx
    .insertInto('messages')
    .values([
      { ...message, id: messageId, role: 'USER', text, author_id: viewerId, generation_id: null, reply_to_id: null },
      {
        ...message,
        id: replyId,
        role: 'ASSISTANT',
        text: null,
        author_id: null,
        generation_id: id,
        reply_to_id: messageId,
      },
    ])
    .execute();
}

/** Why the conversation takes no message. */
async function refusal(trx: Transaction<Tables>, conversationId: string): Promise<Error> {
  const row = await trx
    .selectFrom('conversations')
    .select('active_generation_id')
    .where('id', '=', conversationId)
    .executeTakeFirst();
  if (!row) return notFound(`Conversation ${conversationId}`);
  const active = row.active_generation_id ?? 'its generation';
  return conflict(`A reply is being written in this conversation: wait until ${active} has ended, or cancel it.`);
}
