import type { Kysely, Transaction } from 'kysely';
import type { Outcome } from '../domain/generation.ts';
import { dayOf } from '../domain/quota.ts';
import type { Tables } from './tables.ts';

/** Over how many of a model's last completed generations its speed is averaged. */
const ringSize = 50;

/**
 * Notes how a generation ended, once, in one transaction with everything that is counted by it. The rows are locked
 * in one order, conversation, generation, model, viewer, day, which is also that of deleting: nobody waits in a circle.
 * What was reserved for it is the account's again by that it has ended.
 * @see GenerationRecords.settle
 */
export function settle(db: Kysely<Tables>, id: string, outcome: Outcome): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await freeConversation(trx, id, outcome);
    const ended = await end(trx, id, outcome);
    if (!ended) return false;
    await countForModel(trx, ended.model_id, outcome, Number(ended.created_at));
    await countForViewer(trx, ended, outcome);
    return true;
  });
}

async function freeConversation(trx: Transaction<Tables>, id: string, { endedAt, text }: Outcome): Promise<void> {
  await trx
    .updateTable('conversations')
    .set((eb) => ({
      active_generation_id: null,
      updated_at: endedAt,
      characters: eb('characters', '+', text.length).$castTo<number>(),
    }))
    .where('id', '=', (eb) => eb.selectFrom('generations').select('conversation_id').where('id', '=', id))
    .where('active_generation_id', '=', id)
    .execute();
}

function end(trx: Transaction<Tables>, id: string, outcome: Outcome) {
  return trx
    .updateTable('generations')
    .set({
      status: outcome.status,
      attempts: outcome.attempts,
      text: outcome.text,
      finish_reason: outcome.finishReason,
      prompt_tokens: outcome.usage.promptTokens,
      completion_tokens: outcome.usage.completionTokens,
      error: outcome.error && JSON.stringify(outcome.error),
      course: JSON.stringify(outcome.course),
      started_at: outcome.startedAt,
      first_token_at: outcome.firstTokenAt,
      ended_at: outcome.endedAt,
    })
    .where('id', '=', id)
    .where('status', 'in', ['QUEUED', 'RUNNING'])
    .returning(['model_id', 'viewer_id', 'account_id', 'created_at', 'prompt_estimate'])
    .executeTakeFirst();
}

async function countForModel(trx: Transaction<Tables>, modelId: string, outcome: Outcome, createdAt: number) {
  const completed = outcome.status === 'COMPLETED' ? 1 : 0;
  const totals = await trx
    .insertInto('model_totals')
    .values({ model_id: modelId, processed: 1, completed })
    .onConflict((conflict) =>
      conflict.column('model_id').doUpdateSet((eb) => ({
        processed: eb('model_totals.processed', '+', eb.ref('excluded.processed')),
        completed: eb('model_totals.completed', '+', eb.ref('excluded.completed')),
      })),
    )
    .returning('completed')
    .executeTakeFirstOrThrow();
  if (!completed) return;
  const speed = speedOf(outcome, createdAt);
  await trx
    .insertInto('model_samples')
    .values({ model_id: modelId, slot: Number(totals.completed) % ringSize, ...speed })
    .onConflict((conflict) => conflict.columns(['model_id', 'slot']).doUpdateSet(speed))
    .execute();
}

/** Nothing where no token came. The clock counts milliseconds: what took none of them took at most one. */
function speedOf({ firstTokenAt, endedAt, usage }: Outcome, createdAt: number) {
  if (firstTokenAt === null) return { tokens_per_second: null, time_to_first_token_ms: null };
  return {
    tokens_per_second: (usage.completionTokens * 1000) / Math.max(endedAt - firstTokenAt, 1),
    time_to_first_token_ms: firstTokenAt - createdAt,
  };
}

interface Ended {
  readonly viewer_id: string;
  readonly account_id: string | null;
  readonly model_id: string;
  readonly created_at: number | string;
  readonly prompt_estimate: number | string;
}

/** In all, and on the day when it was accepted: that is the day whose quota it was reserved from. */
async function countForViewer(trx: Transaction<Tables>, ended: Ended, outcome: Outcome): Promise<void> {
  const { usage } = outcome;
  const taken = {
    viewer_id: ended.viewer_id,
    generations: 1,
    prompt_tokens: usage.promptTokens ?? 0,
    completion_tokens: usage.completionTokens,
  };
  await trx
    .insertInto('viewer_usage')
    .values(taken)
    .onConflict((conflict) =>
      conflict.column('viewer_id').doUpdateSet((eb) => ({
        generations: eb('viewer_usage.generations', '+', eb.ref('excluded.generations')),
        prompt_tokens: eb('viewer_usage.prompt_tokens', '+', eb.ref('excluded.prompt_tokens')),
        completion_tokens: eb('viewer_usage.completion_tokens', '+', eb.ref('excluded.completion_tokens')),
      })),
    )
    .execute();
  const account_id = ended.account_id ?? ended.viewer_id;
  const estimated_tokens = paysByEstimate(outcome) ? Number(ended.prompt_estimate) : 0;
  await trx
    .insertInto('daily_usage')
    .values({ ...taken, estimated_tokens, day: dayOf(Number(ended.created_at)), model_id: ended.model_id, account_id })
    .onConflict((conflict) =>
      conflict.columns(['viewer_id', 'day', 'model_id', 'account_id']).doUpdateSet((eb) => ({
        generations: eb('daily_usage.generations', '+', eb.ref('excluded.generations')),
        prompt_tokens: eb('daily_usage.prompt_tokens', '+', eb.ref('excluded.prompt_tokens')),
        completion_tokens: eb('daily_usage.completion_tokens', '+', eb.ref('excluded.completion_tokens')),
        estimated_tokens: eb('daily_usage.estimated_tokens', '+', eb.ref('excluded.estimated_tokens')),
      })),
    )
    .execute();
}

/**
 * Whether a prompt was read whose tokens nobody has told: else who cancels before the end would have it for nothing. What
 * failed before its first token is no fault of who asked.
 */
const paysByEstimate = ({ status, usage, attempts, firstTokenAt }: Outcome): boolean =>
  usage.promptTokens === null && (status === 'FAILED' ? firstTokenAt !== null : attempts > 0);
