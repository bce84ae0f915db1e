import type { ApiKey } from '../domain/api-key.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { Conversation, Message, Viewer } from '../domain/conversation.ts';
import type { ChatMessage, Generation, Outcome } from '../domain/generation.ts';

/**
 * The records: the truth about everything but the text of a generation that has not ended. Every method that takes
 * several ids costs a fixed number of statements, however many they are; ids without a record are missing from the
 * answer, which is in no particular order. A write has been made durable when its promise resolves.
 */
export interface Store {
  readonly generations: GenerationRecords;
  readonly conversations: ConversationRecords;
  readonly viewers: ViewerRecords;
  readonly keys: KeyRecords;
  readonly audit: AuditRecords;
  /** Rejects where the records can't be read now. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface GenerationRecords {
  /**
   * Records a new generation, and with `reply` the two messages it belongs to, in one transaction. Where the viewer
   * used `idempotencyKey` before, nothing is written and the earlier generation is the answer.
   *
   * @throws MillraceError `CONFLICT` where the earlier use of the key had another `fingerprint`, or the conversation
   *   has an active generation; `NOT_FOUND` where the conversation is gone.
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
   * Notes how it ended, frees its conversation for the next message (and moves that to the front), and counts it.
   * Only the first call for an id does; later ones resolve to false.
   */
  settle(id: string, outcome: Outcome): Promise<boolean>;

  /** Every generation that is queued or running, the oldest first; of one viewer where `viewerId` is given. */
  unsettled(viewerId?: string): Promise<UnsettledGeneration[]>;

  /** A viewer's generations, newest first. */
  page(viewerId: string, page: PageRequest, status?: Generation['status']): Promise<Page<Generation>>;

  /** The place in line of those among `ids` that are queued, 1 for the next of its model. */
  queuePositions(ids: readonly string[]): Promise<Map<string, number>>;

  /** How busy each model is, and how it did; a model that was never asked is missing from the answer. */
  modelFigures(): Promise<Map<string, ModelFigures>>;

  /** What a viewer's ended generations took in all. */
  usage(viewerId: string): Promise<UsageTotals>;
}

export interface GenerationDraft {
  readonly generation: Pick<Generation, 'id' | 'viewerId' | 'modelId' | 'parameters' | 'onDisconnect' | 'createdAt'>;
  /** The prompt; null for a reply, whose prompt is its conversation. */
  readonly messages: readonly ChatMessage[] | null;
  readonly reply: ReplyDraft | null;
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
}

export interface UnsettledGeneration {
  readonly id: string;
  readonly modelId: string;
  readonly viewerId: string;
  readonly status: 'QUEUED' | 'RUNNING';
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
  /** Deletes it with its messages and generations; resolves to the ids of those generations. */
  delete(id: string): Promise<string[]>;
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
