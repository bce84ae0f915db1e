import type { Conversation, Message, Viewer } from '../domain/conversation.ts';
import type { Position } from '../domain/cursor.ts';
import type { ChatMessage, DisconnectPolicy, Generation, Sampling } from '../domain/generation.ts';
import type { LogEvent } from '../domain/merge.ts';
import type { Model } from '../domain/model.ts';
import type { Polled } from '../domain/polled.ts';
import type { ShareLink, Visibility } from '../domain/sharing.ts';
import type { Page, PageRequest } from '../store/store.ts';

/** What can be done with generations; every door (GraphQL now, REST later) calls these and nothing below them. */
export interface Generations {
  /**
   * Accepts a generation: recorded before this resolves, run as soon as its model has room.
   * @throws MillraceError `FORBIDDEN`, `BAD_USER_INPUT`, `CONFLICT`, `RATE_LIMITED`, `QUOTA_EXCEEDED`
   */
  submit(viewer: Viewer, input: SubmitInput): Promise<Generation>;

  /** Ends a generation; one that has ended is the answer as it is. @throws MillraceError `NOT_FOUND`, `FORBIDDEN` */
  cancel(viewer: Viewer, id: string): Promise<Generation>;

  /**
   * Reads a log from a cursor on, by the stream contract. Where the viewer may read it no more, `poll` throws `NOT_FOUND`.
   * @throws MillraceError `NOT_FOUND`, `BAD_USER_INPUT`
   */
  follow(viewer: Viewer, id: string, after?: string): Promise<Following>;

  /** The viewer's generations: those that are open now, then each that changes. */
  followMine(viewer: Viewer): Source<MyGeneration>;

  /** Generations as they are now, in no particular order; those that do not exist are missing. */
  byIds(ids: readonly string[]): Promise<Generation[]>;

  /** A viewer's generations as they are now, newest first. @throws MillraceError `BAD_USER_INPUT` */
  page(
    viewerId: string,
    page: Pick<PageRequest, 'limit' | 'after'>,
    status?: Generation['status'],
  ): Promise<Page<Generation>>;

  /** What each of these has written so far, and its place in the log, by id. */
  content(generations: readonly Generation[]): Promise<Map<string, Content>>;
}

/** The text of a generation and the place in its log that it goes up to, of the same moment. */
export interface Content {
  readonly text: string;
  readonly position: Position;
}

/** What can be done with conversations. */
export interface Conversations {
  /** @throws MillraceError `FORBIDDEN`, `BAD_USER_INPUT` */
  create(viewer: Viewer, title: string): Promise<Conversation>;
  /**
   * Adds a message and starts the reply.
   * @throws MillraceError `NOT_FOUND`, `FORBIDDEN`, `BAD_USER_INPUT`, `CONFLICT`, `RATE_LIMITED`, `QUOTA_EXCEEDED`
   */
  send(viewer: Viewer, input: SendInput): Promise<{ message: Message; generation: Generation }>;
  /** @throws MillraceError `NOT_FOUND`, `FORBIDDEN`, `BAD_USER_INPUT` */
  rename(viewer: Viewer, id: string, title: string): Promise<Conversation>;
  /** Deletes it, and cancels what runs in it. @throws MillraceError `NOT_FOUND`, `FORBIDDEN` */
  delete(viewer: Viewer, id: string): Promise<void>;
  /**
   * The conversation now and after every change, until it is deleted. Where the viewer may read it no more, `next` throws
   * `NOT_FOUND`.
   * @throws MillraceError `NOT_FOUND`
   */
  follow(viewer: Viewer, id: string): Promise<Source<Conversation>>;
}

/** How much viewers may do. */
export interface Quotas {
  /** What each of these viewers is allowed, by the account they came with, and what of that is left now; by viewer id. */
  limits(viewers: readonly Viewer[]): Promise<Map<string, ViewerLimits>>;
}

/** Null where there is no limit. */
export interface ViewerLimits {
  readonly tokensPerDay: Allowance | null;
  readonly tokensPerMonth: Allowance | null;
  readonly generationsAtOnce: Allowance | null;
}

export interface Allowance {
  readonly limit: number;
  readonly used: number;
  /** Kept for what is queued or running. */
  readonly reserved: number;
  /** Never below 0, though more than `limit` may be used. */
  readonly remaining: number;
  /** When `used` is 0 again, in ms since 1970; null where that depends on the viewer. */
  readonly resetsAt: number | null;
}

/** Who else may read a generation or a conversation. */
export interface Sharing {
  /** Resolves to it with its new visibility. @throws MillraceError `NOT_FOUND`, `FORBIDDEN`, `BAD_USER_INPUT` */
  setVisibility(viewer: Viewer, id: string, visibility: Visibility): Promise<Generation | Conversation>;
  /**
   * A link to it, good until `expiresAt`, and its token, which is kept nowhere.
   * @throws MillraceError `NOT_FOUND`, `FORBIDDEN`, `BAD_USER_INPUT`; `CONFLICT` where it has too many
   */
  createLink(viewer: Viewer, id: string, expiresAt: number | null): Promise<{ link: ShareLink; token: string }>;
  /** Whoever came by the link is out within 5 s, on every node. @throws MillraceError `NOT_FOUND` */
  revokeLink(viewer: Viewer, id: string): Promise<ShareLink>;
}

/** A generation, and its place in its model's line: 1 is next, null where it is not in line. */
export interface MyGeneration {
  readonly generation: Generation;
  readonly queuePosition: number | null;
}

/** The configured models. */
export interface Models {
  /** Every model as it is now, in the order of the configuration. */
  all(): readonly Model[];
  byId(id: string): Model | undefined;
  /** Each model now, and again after its state or figures changed; one of them where `id` is given. */
  follow(id?: string): Source<Model>;
}

/** Gives one value after the other: pulled, so that what nobody asks for is not made. Holds nothing before the first. */
export interface Source<Value> {
  /** The next value; undefined at the end. Called again only when it has resolved. */
  next(): Promise<Value | undefined>;
  /** Ends it, also a `next` that is under way. */
  close(): void;
}

/** A reader of a generation's log. */
export type Following = Polled<LogEvent> & { readonly generation: Generation };

export interface RunInput {
  readonly model?: string | null | undefined;
  readonly parameters?: { readonly [Key in keyof Sampling]?: Sampling[Key] | null } | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
  readonly onDisconnect?: DisconnectPolicy | null | undefined;
}

export interface SubmitInput extends RunInput {
  readonly prompt?: string | null | undefined;
  readonly messages?: readonly ChatMessage[] | null | undefined;
}

export interface SendInput extends RunInput {
  readonly conversationId: string;
  readonly text: string;
}
