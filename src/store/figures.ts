import type { Kysely } from 'kysely';
import type { ModelFigures } from './store.ts';
import type { Tables } from './tables.ts';

/**
 * Two statements however many the models are: what lives is counted by an index, what has ended was counted then.
 * @see GenerationRecords.modelFigures
 */
export async function modelFigures(db: Kysely<Tables>): Promise<Map<string, ModelFigures>> {
  const [live, ended] = await Promise.all([liveCounts(db), endedTotals(db)]);
  const figures = new Map<string, ModelFigures>();
  for (const { model_id, processed, tokens_per_second, time_to_first_token_ms } of ended) {
    figures.set(model_id, {
      ...unasked,
      processed: Number(processed),
      tokensPerSecond: tokens_per_second ?? 0,
      timeToFirstTokenMs: time_to_first_token_ms,
    });
  }
  for (const { model_id, status, count } of live) {
    const key = status === 'RUNNING' ? 'running' : 'queued';
    figures.set(model_id, { ...(figures.get(model_id) ?? unasked), [key]: Number(count) });
  }
  return figures;
}

const unasked: ModelFigures = { running: 0, queued: 0, processed: 0, tokensPerSecond: 0, timeToFirstTokenMs: null };

const liveCounts = (db: Kysely<Tables>) =>
  db
    .selectFrom('generations')
    .select(['model_id', 'status'])
    .select(({ fn }) => fn.countAll().as('count'))
    .where('status', 'in', ['QUEUED', 'RUNNING'])
    .groupBy(['model_id', 'status'])
    .execute();

const endedTotals = (db: Kysely<Tables>) =>
  db
    .selectFrom('model_totals')
    .leftJoin('model_samples', 'model_samples.model_id', 'model_totals.model_id')
    .select(['model_totals.model_id', 'processed'])
    .select(({ fn }) => [
      fn.avg<number | null>('tokens_per_second').as('tokens_per_second'),
      fn.avg<number | null>('time_to_first_token_ms').as('time_to_first_token_ms'),
    ])
    .groupBy(['model_totals.model_id', 'processed'])
    .execute();
