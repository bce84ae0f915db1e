import DataLoader from 'dataloader';
import { mayReadConversation, mayReadGeneration } from '../domain/access.ts';
import type { Conversation, Message, Viewer } from '../domain/conversation.ts';
import type { Generation } from '../domain/generation.ts';
import type { Model } from '../domain/model.ts';
import type { ShareLink } from '../domain/sharing.ts';
import type { Content, ViewerLimits } from '../generation/generation.ts';
import type { DailyUsage, ModelFigures, Page, PageRequest, UsageTotals } from '../store/store.ts';
import type { Services } from './context.ts';
import { Rows } from './rows.ts';

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
  readonly generations: Rows<Generation>;
  readonly contents: DataLoader<Generation, Content, string>;
  readonly queuePositions: DataLoader<string, number | null>;
  readonly conversations: Rows<Conversation>;
  readonly messages: Rows<Message>;
  readonly messagePages: DataLoader<MessagePageKey, Page<Message>, string>;
  readonly viewers: Rows<Viewer>;
  /** By the id of what they lead to. */
  readonly shareLinks: DataLoader<string, ShareLink[]>;
  readonly figures: DataLoader<string, ModelFigures>;
  readonly limits: DataLoader<Viewer, ViewerLimits, string>;
  readonly usage: DataLoader<string, UsageTotals>;
  readonly dailyUsage: DataLoader<DailyUsageKey, DailyUsage[], string>;
  /** A model that somebody asked once: where the configuration does not name it any more, what it ran stays readable. */
  model(id: string): Model;
}

const noFigures: ModelFigures = { running: 0, queued: 0, processed: 0, tokensPerSecond: 0, timeToFirstTokenMs: null };
const noModel = { status: 'OFFLINE', concurrency: 0, onlineSince: null, backends: [] } as const;
const noUsage: UsageTotals = { generations: 0, promptTokens: 0, completionTokens: 0 };
const emptyPage: Page<Message> = { rows: [], hasNextPage: false, hasPreviousPage: false };

/** Each is made when it is first asked for: most answers need a few of them, and an idle subscription none. */
export const createLoaders = (services: Services, viewer: Viewer): Loaders => new AnswerLoaders(services, viewer);

class AnswerLoaders implements Loaders {
  readonly #services: Services;
  readonly #viewer: Viewer;
  readonly #made: { -readonly [Name in keyof Loaders]?: Loaders[Name] } = {};

  #models: Map<string, Model> | undefined;

  constructor(services: Services, viewer: Viewer) {
    this.#services = services;
    this.#viewer = viewer;
  }

  get generations() {
    const mayRead = (row: Generation) => mayReadGeneration(this.#viewer, row, (id) => this.conversations.load(id));
    this.#made.generations ??= new Rows(this.#services.generations.byIds, mayRead);
    return this.#made.generations;
  }

  get contents() {
    this.#made.contents ??= new DataLoader<Generation, Content, string>((rows) => loadContents(this.#services, rows), {
      cacheKeyFn: idOf,
    });
    return this.#made.contents;
  }

  get queuePositions() {
    this.#made.queuePositions ??= byKey((ids) => this.#services.store.generations.queuePositions(ids), null);
    return this.#made.queuePositions;
  }

  get conversations() {
    const { byIds } = this.#services.store.conversations;
    this.#made.conversations ??= new Rows(byIds, (row) => mayReadConversation(this.#viewer, row));
    return this.#made.conversations;
  }

  /** Whoever loads one has looked whether the viewer may read its conversation. */
  get messages() {
    this.#made.messages ??= new Rows(this.#services.store.conversations.messagesByIds, () => true);
    return this.#made.messages;
  }

  get messagePages() {
    const { store } = this.#services;
    this.#made.messagePages ??= new DataLoader((keys) => loadMessagePages(store, keys), { cacheKeyFn: JSON.stringify });
    return this.#made.messagePages;
  }

  get viewers() {
    this.#made.viewers ??= new Rows(this.#services.store.viewers.byIds, () => true).with(this.#viewer);
    return this.#made.viewers;
  }

  get shareLinks() {
    this.#made.shareLinks ??= new DataLoader((ids) => loadShareLinks(this.#services, ids));
    return this.#made.shareLinks;
  }

  get figures() {
    this.#made.figures ??= byKey(() => this.#services.store.generations.modelFigures(), noFigures);
    return this.#made.figures;
  }

  get limits() {
    this.#made.limits ??= new DataLoader<Viewer, ViewerLimits, string>(
      (viewers) => loadLimits(this.#services, viewers),
      { cacheKeyFn: idOf },
    );
    return this.#made.limits;
  }

  get usage() {
    this.#made.usage ??= byKey((ids) => this.#services.store.usage.totals(ids), noUsage);
    return this.#made.usage;
  }

  get dailyUsage() {
    const { store } = this.#services;
    this.#made.dailyUsage ??= new DataLoader((keys) => loadDailyUsage(store, keys), { cacheKeyFn: JSON.stringify });
    return this.#made.dailyUsage;
  }

  model(id: string) {
    this.#models ??= new Map();
    const found = this.#models.get(id) ?? this.#services.models.byId(id) ?? { ...noModel, id, name: id };
    this.#models.set(id, found);
    return found;
  }
}

const idOf = ({ id }: { readonly id: string }): string => id;

/** What `load` finds by each key, and `otherwise` where it finds nothing. */
const byKey = <Value>(load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>, otherwise: Value) =>
  new DataLoader<string, Value>(async (keys) => {
    const found = await load(keys);
    return keys.map((key) => found.get(key) ?? otherwise);
  });

async function loadContents({ generations }: Services, rows: readonly Generation[]): Promise<(Content | Error)[]> {
  const contents = await generations.content(rows);
  return rows.map(({ id }) => contents.get(id) ?? new Error(`${id} has no content.`));
}

async function loadLimits({ quotas }: Services, viewers: readonly Viewer[]): Promise<(ViewerLimits | Error)[]> {
  const limits = await quotas.limits(viewers);
  return viewers.map(({ id }) => limits.get(id) ?? new Error(`${id} has no limits.`));
}

async function loadShareLinks({ store }: Services, targetIds: readonly string[]): Promise<ShareLink[][]> {
  const links = Map.groupBy(await store.links.ofTargets(targetIds, Date.now()), ({ targetId }) => targetId);
  return targetIds.map((id) => links.get(id) ?? []);
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
