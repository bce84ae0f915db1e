import DataLoader from 'dataloader';
import { mayReadConversation, mayReadGeneration } from '../domain/access.ts';
import type { Conversation, Message, Viewer } from '../domain/conversation.ts';
import type { Generation } from '../domain/generation.ts';
import type { ShareLink } from '../domain/sharing.ts';
import type { Content, ViewerLimits } from '../generation/generation.ts';
import type { DailyUsage, ModelFigures, Page, PageRequest, UsageTotals } from '../store/store.ts';
import type { Services } from './context.ts';

interface MessagePageKey {
  readonly conversationId: string;
  readonly page: PageRequest;
}

interface DailyUsageKey {
  readonly viewerId: string;
  /** A moment of the first day that is asked for. */
  readonly from: number;
}

/** What one answer loads, each kind in one question. What the viewer may not see is null. */
export interface Loaders {
  readonly generations: DataLoader<string, Generation | null>;
  readonly contents: DataLoader<Generation, Content, string>;
  readonly queuePositions: DataLoader<string, number | null>;
  readonly conversations: DataLoader<string, Conversation | null>;
  readonly messages: DataLoader<string, Message | null>;
  readonly messagePages: DataLoader<MessagePageKey, Page<Message>, string>;
  readonly viewers: DataLoader<string, Viewer | null>;
  /** By the id of what they lead to. */
  readonly shareLinks: DataLoader<string, ShareLink[]>;
  readonly figures: DataLoader<string, ModelFigures>;
  readonly limits: DataLoader<Viewer, ViewerLimits, string>;
  readonly usage: DataLoader<string, UsageTotals>;
  readonly dailyUsage: DataLoader<DailyUsageKey, DailyUsage[], string>;
}

const noFigures: ModelFigures = { running: 0, queued: 0, processed: 0, tokensPerSecond: 0, timeToFirstTokenMs: null };
const noUsage: UsageTotals = { generations: 0, promptTokens: 0, completionTokens: 0 };
const emptyPage: Page<Message> = { rows: [], hasNextPage: false, hasPreviousPage: false };

export function createLoaders({ generations, quotas, store }: Services, viewer: Viewer): Loaders {
  const loaders: Loaders = {
    generations: byId(generations.byIds, (row) =>
      mayReadGeneration(viewer, row, (id) => loaders.conversations.load(id)),
    ),
    contents: new DataLoader(
      async (rows) => {
        const contents = await generations.content(rows);
        return rows.map(({ id }) => contents.get(id) ?? new Error(`${id} has no content.`));
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    queuePositions: new DataLoader(async (ids) => {
      const positions = await store.generations.queuePositions(ids);
      return ids.map((id) => positions.get(id) ?? null);
    }),
    conversations: byId(store.conversations.byIds, (row) => mayReadConversation(viewer, row)),
    // Whoever loads one has looked whether the viewer may read its conversation.
    messages: byId(store.conversations.messagesByIds, () => true),
    messagePages: new DataLoader((keys) => loadMessagePages(store, keys), {
      cacheKeyFn: (key) => JSON.stringify(key),
    }),
    viewers: byId(store.viewers.byIds, () => true),
    shareLinks: new DataLoader(async (targetIds) => {
      const links = Map.groupBy(await store.links.ofTargets(targetIds, Date.now()), ({ targetId }) => targetId);
      return targetIds.map((id) => links.get(id) ?? []);
    }),
    figures: new DataLoader(async (ids) => {
      const figures = await store.generations.modelFigures();
      return ids.map((id) => figures.get(id) ?? noFigures);
    }),
    limits: new DataLoader(
      async (viewers) => {
        const limits = await quotas.limits(viewers);
        return viewers.map(({ id }) => limits.get(id) ?? new Error(`${id} has no limits.`));
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    usage: new DataLoader(async (ids) => {
      const totals = await store.usage.totals(ids);
      return ids.map((id) => totals.get(id) ?? noUsage);
    }),
    dailyUsage: new DataLoader((keys) => loadDailyUsage(store, keys), { cacheKeyFn: (key) => JSON.stringify(key) }),
  };
  loaders.viewers.prime(viewer.id, viewer);
  return loaders;
}

function byId<Row extends { readonly id: string }>(
  load: (ids: readonly string[]) => Promise<Row[]>,
  mayRead: (row: Row) => boolean | Promise<boolean>,
): DataLoader<string, Row | null> {
  return new DataLoader(async (ids) => {
    const rows = await load(ids);
    const readable = await Promise.all(rows.map(mayRead));
    const found = new Map(rows.filter((_, i) => readable[i]).map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

/** One question, from the first day that anybody asks for. */
async function loadDailyUsage({ usage }: Services['store'], keys: readonly DailyUsageKey[]): Promise<DailyUsage[][]> {
  const ids = keys.map(({ viewerId }) => viewerId);
  const found = await usage.byDay(ids, Math.min(...keys.map(({ from }) => from)));
  return keys.map(({ viewerId, from }) => {
    const first = new Date(from).toISOString().slice(0, 10);
    return (found.get(viewerId) ?? []).filter(({ day }) => day >= first);
  });
}

/** One question for each distinct page: a query asks for the same one of all its conversations. */
async function loadMessagePages(
  { conversations }: Services['store'],
  keys: readonly MessagePageKey[],
): Promise<(Page<Message> | Error)[]> {
  const names = new Map(keys.map((key) => [key, JSON.stringify(key.page)]));
  const found = new Map<string | undefined, Map<string, Page<Message>> | Error>();
  for (const [name, group] of Map.groupBy(keys, (key) => names.get(key))) {
    const ids = group.map(({ conversationId }) => conversationId);
    const [{ page } = { page: undefined }] = group;
    // A wrong cursor is an error of its own page alone.
    if (page) found.set(name, await conversations.messagePages(ids, page).catch((error: Error) => error));
  }
  return keys.map((key) => {
    const answer = found.get(names.get(key));
    return answer instanceof Error ? answer : (answer?.get(key.conversationId) ?? emptyPage);
  });
}
