import type { ApiKey } from '../domain/api-key.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { Conversation, Message, Viewer } from '../domain/conversation.ts';
import type { ChatMessage, Generation, Outcome } from '../domain/generation.ts';
import type { Account, Standing } from '../domain/quota.ts';
import type { ShareLink, Visibility } from '../domain/sharing.ts';

/**
 * The records: the truth about everything but the text of a generation that has not ended. Every method that takes
 * several ids costs a fixed number of statements, however many they are; ids without a record are missing from the
 * answer, which is in no particular order. A write has been made durable when its promise resolves.
 */
export interface Store {
  readonly generations: GenerationRecords;
  readonly conversations: ConversationRecords;
  readonly viewers: ViewerRecords;
  readonly usage: UsageRecords;
  readonly links: LinkRecords;
  readonly keys: KeyRecords;
  readonly audit: AuditRecords;
  /** Rejects where the records can't be read now. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface GenerationRecords {
  /**
   * Records a new generation, and with `reply` the two messages it belongs to, in one transaction. Where the viewer
   * used `idempotencyKey` before, nothing is written and the earlier generation is the answer. Limits hold exactly,
   * however many are submitted at once, at whatever node.
   *
   * @throws MillraceError `RATE_LIMITED` where the viewer has `generationsAtOnce`; `QUOTA_EXCEEDED` where
   *   `reservedTokens` are more than is left of the account's day or month; `CONFLICT` where the earlier use of the key had another `fingerprint`, or the conversation
   *   has an active generation; `BAD_USER_INPUT` where the conversation would be too long; `NOT_FOUND` where it is gone.
   */
  submit(draft: GenerationDraft): Promise<{ generation: Generation; created: boolean }>;

  byIds(ids: readonly string[]): Promise<Generation[]>;

  /**
   * What the model is to read: the messages given, or the conversation up to the reply, without empty texts.
   * @throws MillraceError `NOT_FOUND` where there is no such generation.
   */
  prompt(id: string): Promise<ChatMessage[]>;

  /** Notes that an attempt runs: `RUNNING`, and the number; changes nothing where a later one runs or it has ended. */
  start(id: string, attempt: number, at: number): Promise<void>;

  /**
   * Notes how it ended, frees its conversation for the next message (and moves that to the front), and counts it: what
   * was reserved for it is given back, what it took is booked on the day when it was accepted. Only the first call for an id does; later ones resolve to false.
   */
  settle(id: string, outcome: Outcome): Promise<boolean>;

  /** Every generation that is queued or running, the oldest first; of one viewer where `viewerId` is given. */
  unsettled(viewerId?: string): Promise<UnsettledGeneration[]>;

  /** A viewer's generations, newest first. */
  page(viewerId: string, page: PageRequest, status?: Generation['status']): Promise<Page<Generation>>;

  /** Resolves to the generation with its new visibility, or undefined where it is gone. */
  setVisibility(id: string, visibility: Visibility): Promise<Generation | undefined>;

  /** The place in line of those among `ids` that are queued, 1 for the next of its model. */
  queuePositions(ids: readonly string[]): Promise<Map<string, number>>;

  /** How busy each model is, and how it did; a model that was never asked is missing from the answer. */
  modelFigures(): Promise<Map<string, ModelFigures>>;
}

export interface GenerationDraft {
  readonly generation: Pick<Generation, 'id' | 'viewerId' | 'modelId' | 'parameters' | 'onDisconnect' | 'createdAt'>;
  /** The prompt; null for a reply, whose prompt is its conversation. */
  readonly messages: readonly ChatMessage[] | null;
  readonly reply: ReplyDraft | null;
  /** Whose quota it counts against. An account has one viewer. */
  readonly account: Account;
  /** As many tokens as it may take, kept from the account's quota until it has ended. */
  readonly reservedTokens: number;
  /** Those of them that are for the prompt: what the account pays for it where no backend tells. */
  readonly promptEstimate: number;
  /** How many of the viewer's may be queued and running at once, with this one; null is no limit. */
  readonly generationsAtOnce: number | null;
  readonly idempotencyKey: string | null;
  /** Equal for equal input. */
  readonly fingerprint: string;
}

/** A viewer's message, and the empty reply to it. */
export interface ReplyDraft {
  readonly conversationId: string;
  readonly messageId: string;
  readonly text: string;
  /** Id of the message that the generation writes; it sorts after `messageId`. */
  readonly replyId: string;
  /** Becomes the conversation's title where that is empty. */
  readonly title: string;
  /** How many UTF-16 code units the conversation may have with `text`. */
  readonly mostCharacters: number;
}

export interface UnsettledGeneration {
  readonly id: string;
  readonly modelId: string;
  readonly viewerId: string;
  readonly status: 'QUEUED' | 'RUNNING';
  /** In ms since 1970. */
  readonly createdAt: number;
}

export interface ModelFigures {
  readonly running: number;
  readonly queued: number;
  /** Generations that have ended. */
  readonly processed: number;
  /** Mean over the last 50 completed, of completion tokens by seconds from the first token to the end; 0 without any. */
  readonly tokensPerSecond: number;
  /** Mean over the last 50 completed, of milliseconds from creation to the first token; null without any. */
  readonly timeToFirstTokenMs: number | null;
}

/** What generations used, and what is reserved for those that have not ended. */
export interface UsageRecords {
  /** What each viewer's ended generations took in all; a viewer without one is missing. */
  totals(viewerIds: readonly string[]): Promise<Map<string, UsageTotals>>;

  /**
   * The same by UTC day of acceptance and model, from the day of the moment `from` on, the last day first, by viewer
   * id; a day without any is missing.
   */
  byDay(viewerIds: readonly string[], from: number): Promise<Map<string, DailyUsage[]>>;

  /** How each viewer stands at a moment; one who has done nothing this month is missing. */
  standings(viewerIds: readonly string[], at: number): Promise<Map<string, ViewerStanding>>;
}

export interface DailyUsage extends UsageTotals {
  /** `2026-11-22` */
  readonly day: string;
  readonly modelId: string;
}

export interface ViewerStanding {
  /** How many generations are queued or running. */
  readonly open: number;
  /** By account id; one that has done nothing this month is missing. */
  readonly accounts: ReadonlyMap<string, Standing>;
}

export interface UsageTotals {
  readonly generations: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface ConversationRecords {
  create(conversation: Conversation): Promise<void>;
  byIds(ids: readonly string[]): Promise<Conversation[]>;
  /** Resolves to the conversation with its new title, or undefined where it is gone. */
  rename(id: string, title: string): Promise<Conversation | undefined>;
  /** Resolves to the conversation with its new visibility, or undefined where it is gone. */
  setVisibility(id: string, visibility: Visibility): Promise<Conversation | undefined>;
  /**
   * Deletes it with its messages, its generations and the links to any of them, and resolves to the ids of those generations; does nothing and
   * resolves to undefined where a reply is queued or running, which must be settled first, or where it is gone.
   */
  delete(id: string): Promise<string[] | undefined>;
  /** A viewer's conversations, the last changed first. */
  page(ownerId: string, page: PageRequest): Promise<Page<Conversation>>;
  messagesByIds(ids: readonly string[]): Promise<Message[]>;
  /** The same page of each of several conversations' messages, the oldest first, by conversation id. */
  messagePages(conversationIds: readonly string[], page: PageRequest): Promise<Map<string, Page<Message>>>;
}

export interface ViewerRecords {
  /** Records a viewer, or gives a known one this name and role. Comes before any other record that names the viewer. */
  put(viewer: Viewer): Promise<void>;
  byIds(ids: readonly string[]): Promise<Viewer[]>;
}

export interface LinkRecords {
  /**
   * Records a link by the hash of its token, unless what it leads to has `most` that are good when it is made; resolves to
   * whether it did. That holds exactly, however many are made at once, at whatever node.
   */
  create(link: ShareLink, hash: string, most: number): Promise<boolean>;
  /** The link whose token has this hash. */
  byHash(hash: string): Promise<ShareLink | undefined>;
  byIds(ids: readonly string[]): Promise<ShareLink[]>;
  /** The links to any of these generations and conversations that are good at a moment, the newest first. */
  ofTargets(targetIds: readonly string[], at: number): Promise<ShareLink[]>;
  /** Resolves to the link, revoked: as of now, or as of when it first was. Undefined where it is gone. */
  revoke(id: string, at: number): Promise<ShareLink | undefined>;
}

export interface KeyRecords {
  /** Records a key, and with `viewer` the viewer whose it is, in one transaction. */
  create(key: ApiKey, secretHash: string, viewer?: Viewer): Promise<void>;
  byIds(ids: readonly string[]): Promise<StoredKey[]>;
  /** All keys, newest first. */
  page(page: PageRequest): Promise<Page<ApiKey>>;
  /** Revokes a key, unless that was done before; resolves to it, or undefined where there is none. */
  revoke(id: string, at: number): Promise<ApiKey | undefined>;
  /** Notes that these keys were used then. */
  touch(ids: readonly string[], at: number): Promise<void>;
}

/** A key with what it takes to let its holder in. */
export interface StoredKey {
  readonly key: ApiKey;
  /** SHA-256 of the secret, in hexadecimal. */
  readonly secretHash: string;
  /** The name of the key's viewer. */
  readonly viewerName: string;
}

export interface AuditRecords {
  add(event: AuditEvent): Promise<void>;
  byIds(ids: readonly string[]): Promise<AuditEvent[]>;
  /** All events, newest first. */
  page(page: PageRequest): Promise<Page<AuditEvent>>;
  /** Removes what happened before `at`. */
  prune(at: number): Promise<void>;
}

/** Part of an ordered list: `limit` rows from its start or its end, of those between two positions. */
export interface PageRequest {
  readonly limit: number;
  /** `start`: the first ones (Relay's `first`); `end`: the last ones (`last`). The order is the list's in both. */
  readonly from: 'start' | 'end';
  /** Positions as `Page` gave them; both exclusive. */
  readonly after?: string | undefined;
  readonly before?: string | undefined;
}

/** @see https://relay.dev/graphql/connections.htm#sec-undefined.PageInfo for what the two flags promise. */
export interface Page<Row> {
  readonly rows: readonly {
    readonly row: Row /** Opaque; stays good while the list changes. */;
    readonly position: string;
  }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}
