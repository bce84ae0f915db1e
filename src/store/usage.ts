import type { Kysely } from 'kysely';
import { dateOf, dayOf, type Period, periodsOf, type Standing } from '../domain/quota.ts';
import { inList } from './in-list.ts';
import type { DailyUsage, UsageRecords, ViewerStanding } from './store.ts';
import type { Tables } from './tables.ts';

/** What was used and what is reserved, by SQL. */
export function sqlUsage(db: Kysely<Tables>): UsageRecords {
  return {
    async totals(viewerIds) {
      if (viewerIds.length === 0) return new Map();
      const rows = await db
        .selectFrom('viewer_usage')
        .selectAll()
        .where('viewer_id', 'in', inList(viewerIds))
        .execute();
      return new Map(rows.map((row) => [row.viewer_id, tokensOf(row)]));
    },
    byDay: (viewerIds, from) => byDay(db, viewerIds, from),
    standings: (viewerIds, at) => standings(db, viewerIds, at),
  };
}

type Big = number | string;

const tokensOf = (row: { generations: Big; prompt_tokens: Big; completion_tokens: Big }) => ({
  generations: Number(row.generations),
  promptTokens: Number(row.prompt_tokens),
  completionTokens: Number(row.completion_tokens),
});

async function byDay(
  db: Kysely<Tables>,
  viewerIds: readonly string[],
  from: number,
): Promise<Map<string, DailyUsage[]>> {
  if (viewerIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('daily_usage')
    .select(['viewer_id', 'day', 'model_id'])
    .select(({ fn }) => [
      fn.sum<Big>('generations').as('generations'),
      fn.sum<Big>('prompt_tokens').as('prompt_tokens'),
      fn.sum<Big>('completion_tokens').as('completion_tokens'),
    ])
    .where('viewer_id', 'in', inList(viewerIds))
    .where('day', '>=', dayOf(from))
    .groupBy(['viewer_id', 'day', 'model_id'])
    .orderBy('day', 'desc')
    .orderBy('model_id')
    .execute();
  const found = Map.groupBy(rows, (row) => row.viewer_id);
  const usageOf = (row: (typeof rows)[number]) => ({ day: dateOf(row.day), modelId: row.model_id, ...tokensOf(row) });
  return new Map([...found].map(([viewerId, days]) => [viewerId, days.map(usageOf)]));
}

/**
 * In one statement, so that what ends meanwhile is either reserved or used, never both nor neither.
 * @see UsageRecords.standings
 */
export async function standings(
  db: Kysely<Tables>,
  viewerIds: readonly string[],
  at: number,
): Promise<Map<string, ViewerStanding>> {
  if (viewerIds.length === 0) return new Map();
  const { day, month } = periodsOf(at);
  const rows = await reserved(db, viewerIds, day, month)
    .unionAll(used(db, viewerIds, day, month))
    .execute();
  const found = new Map<string, { open: number; accounts: Map<string, Standing> }>();
  for (const row of rows) {
    const standing = found.get(row.viewer_id) ?? { open: 0, accounts: new Map<string, Standing>() };
    found.set(row.viewer_id, standing);
    standing.open += Number(row.open);
    const account = row.account_id ?? row.viewer_id;
    const before = standing.accounts.get(account) ?? { day: nothing, month: nothing };
    standing.accounts.set(account, {
      day: { used: before.day.used + Number(row.used_day), reserved: before.day.reserved + Number(row.reserved_day) },
      month: {
        used: before.month.used + Number(row.used_month),
        reserved: before.month.reserved + Number(row.reserved_month),
      },
    });
  }
  return found;
}

const nothing = { used: 0, reserved: 0 };

/** What has not ended, by viewer and account: read from its index alone. */
const reserved = (db: Kysely<Tables>, viewerIds: readonly string[], day: Period, month: Period) =>
  db
    .selectFrom('generations')
    .select(({ eb, fn }) => {
      const within = ({ start, end }: Period) =>
        fn.sum<Big>(
          eb
            .case()
            .when(eb.and([eb('created_at', '>=', start), eb('created_at', '<', end)]))
            .then(eb.ref('reserved_tokens'))
            .else(0)
            .end(),
        );
      return [
        'viewer_id',
        'account_id',
        fn.countAll<Big>().as('open'),
        within(day).as('reserved_day'),
        within(month).as('reserved_month'),
        eb.lit(0).$castTo<Big>().as('used_day'),
        eb.lit(0).$castTo<Big>().as('used_month'),
      ];
    })
    .where('viewer_id', 'in', inList(viewerIds))
    .where('status', 'in', ['QUEUED', 'RUNNING'])
    .groupBy(['viewer_id', 'account_id']);

/** What ended generations have taken, by viewer and account. */
const used = (db: Kysely<Tables>, viewerIds: readonly string[], day: Period, month: Period) =>
  db
    .selectFrom('daily_usage')
    .select(({ eb, fn }) => {
      const told = eb('prompt_tokens', '+', eb.ref('completion_tokens'));
      const tokens = eb(told, '+', eb.ref('estimated_tokens'));
      const today = eb.case().when('day', '=', dayOf(day.start)).then(tokens).else(0).end();
      return [
        'viewer_id',
        'account_id',
        eb.lit(0).$castTo<Big>().as('open'),
        eb.lit(0).$castTo<Big>().as('reserved_day'),
        eb.lit(0).$castTo<Big>().as('reserved_month'),
        fn.sum<Big>(today).as('used_day'),
        fn.sum<Big>(tokens).as('used_month'),
      ];
    })
    .where('viewer_id', 'in', inList(viewerIds))
    .where('day', '>=', dayOf(month.start))
    .where('day', '<', dayOf(month.end))
    .groupBy(['viewer_id', 'account_id']);
