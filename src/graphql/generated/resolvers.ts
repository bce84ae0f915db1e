import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Generation as GenerationRow } from '../../domain/generation.ts';
import type { GenerationEventOf } from '../events.ts';
import type { ApiKey as ApiKeyRow } from '../../domain/api-key.ts';
import type { AuditEvent as AuditEventRow } from '../../domain/audit.ts';
import type { Conversation as ConversationRow, Message as MessageRow, Viewer as ViewerRow } from '../../domain/conversation.ts';
import type { DailyUsage as DailyUsageRow } from '../../store/store.ts';
import type { ShareLink as ShareLinkRow } from '../../domain/sharing.ts';
import type { Model as ModelRow } from '../../domain/model.ts';
import type { ServiceFacts, Context } from '../context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** An opaque position in the log of one generation. Pass the last one that you saw as `after` to go on exactly there. */
  Cursor: { input: string; output: string; }
  /** A day in UTC, as in `2026-11-22`. */
  Date: { input: string; output: string; }
  /** A moment in time: RFC 3339 with milliseconds, in UTC, as in `2026-11-22T18:44:24.123Z`. */
  DateTime: { input: number; output: number; }
};

/** A limit, and what is left of it. */
export type Allowance = {
  __typename?: 'Allowance';
  /** How much is allowed. */
  limit: Scalars['Float']['output'];
  /** How much is left: `limit` without `used` and `reserved`, and never below 0. */
  remaining: Scalars['Float']['output'];
  /** How much is kept for generations that have not ended: the tokens that they may take. It is given back when they end. */
  reserved: Scalars['Float']['output'];
  /** When `used` is 0 again; null where that depends on what the viewer does. */
  resetsAt?: Maybe<Scalars['DateTime']['output']>;
  /** How much is used; tokens by generations that have ended, as they were counted, prompts of which nobody told as estimated. */
  used: Scalars['Float']['output'];
};

/** A secret that lets a program in. For admins to see. */
export type ApiKey = Node & {
  __typename?: 'ApiKey';
  /** When it was made. */
  createdAt: Scalars['DateTime']['output'];
  /** From when on it is refused; null where it does not expire. */
  expiresAt?: Maybe<Scalars['DateTime']['output']>;
  /** `key_…` */
  id: Scalars['ID']['output'];
  /** When it was last used, to the minute; null where it never was. */
  lastUsedAt?: Maybe<Scalars['DateTime']['output']>;
  /** What people tell it from others by. */
  name: Scalars['String']['output'];
  /** When it was revoked; null where it was not. */
  revokedAt?: Maybe<Scalars['DateTime']['output']>;
  /** What may be done with it. */
  role: ViewerRole;
  /** Tokens that it may take in one UTC day, in the place of what its viewer may; null where it has no such quota. */
  tokensPerDay?: Maybe<Scalars['Float']['output']>;
  /** The same in one UTC month. */
  tokensPerMonth?: Maybe<Scalars['Float']['output']>;
  /** Whoever shows it is this viewer. */
  viewer: Viewer;
};

/** A page of API keys. */
export type ApiKeyConnection = {
  __typename?: 'ApiKeyConnection';
  /** The keys with their cursors. */
  edges: Array<ApiKeyEdge>;
  /** The keys. */
  nodes: Array<ApiKey>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** An API key in a page. */
export type ApiKeyEdge = {
  __typename?: 'ApiKeyEdge';
  /** Its position, for `after`. */
  cursor: Scalars['String']['output'];
  /** The key. */
  node: ApiKey;
};

/** A backend starts, or takes over: `answer = answer.slice(0, keptLength)`. */
export type AttemptStarted = GenerationEvent & {
  __typename?: 'AttemptStarted';
  /** The number of the attempt, from 1. */
  attempt: Scalars['Int']['output'];
  /** The name of the backend. */
  backend: Scalars['String']['output'];
  /** The position after this event. */
  cursor: Scalars['Cursor']['output'];
  /** The generation as it is now. */
  generation: Generation;
  /** How much of the text that you have stays, in UTF-16 code units. */
  keptLength: Scalars['Int']['output'];
};

/** Something that was written down. For admins to see. */
export type AuditEvent = Node & {
  __typename?: 'AuditEvent';
  /** Who did it; null for somebody who was refused, and for the command line. */
  actor?: Maybe<Viewer>;
  /** When it happened. */
  at: Scalars['DateTime']['output'];
  /** What else there is to say, as a JSON object: a refusal's reason, the name of a key, the id of the owner, of a link. */
  detail: Scalars['String']['output'];
  /** `evt_…` */
  id: Scalars['ID']['output'];
  /** The address that it was done from; null for the command line, and for refusals that were only counted. */
  ip?: Maybe<Scalars['String']['output']>;
  /** What happened. */
  kind: AuditEventKind;
  /** The id of what it was done to, whether or not that is still there. */
  subjectId?: Maybe<Scalars['ID']['output']>;
};

/** A page of the audit log. */
export type AuditEventConnection = {
  __typename?: 'AuditEventConnection';
  /** The events with their cursors. */
  edges: Array<AuditEventEdge>;
  /** The events. */
  nodes: Array<AuditEvent>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** An event in a page. */
export type AuditEventEdge = {
  __typename?: 'AuditEventEdge';
  /** Its position, for `after`. */
  cursor: Scalars['String']['output'];
  /** The event. */
  node: AuditEvent;
};

/** What is written down. */
export type AuditEventKind =
  /** An admin deleted another viewer's conversation. */
  | 'CONVERSATION_DELETED'
  /** An admin renamed another viewer's conversation. */
  | 'CONVERSATION_RENAMED'
  /** An admin cancelled another viewer's generation. */
  | 'GENERATION_CANCELLED'
  /** An API key was made. */
  | 'KEY_CREATED'
  /** An API key was revoked. */
  | 'KEY_REVOKED'
  /** An admin made a link to another viewer's generation or conversation: `link` is in `detail`. */
  | 'LINK_CREATED'
  /** An admin revoked a link to another viewer's generation or conversation: `link` is in `detail`. */
  | 'LINK_REVOKED'
  /** An admin sent a message in another viewer's conversation. */
  | 'MESSAGE_SENT'
  /** Somebody showed a token that was refused. Where many did, their number is in `detail`. */
  | 'SIGN_IN_FAILED'
  /** An admin said who may read another viewer's generation or conversation: `visibility` is in `detail`. */
  | 'VISIBILITY_CHANGED';

/** One place where a model runs. */
export type Backend = {
  __typename?: 'Backend';
  /** How many can run on it at once. */
  concurrency: Scalars['Int']['output'];
  /** `ngram` or `openai`. */
  kind: Scalars['String']['output'];
  /** The last error, with its time; null where there was none. */
  lastError?: Maybe<Scalars['String']['output']>;
  /** Its name: unique within the model. */
  name: Scalars['String']['output'];
  /** Generations that are running on it. */
  running: Scalars['Int']['output'];
  /** `ONLINE` or `OFFLINE`. */
  status: ModelStatus;
};

/** Which generation to cancel. */
export type CancelGenerationInput = {
  /** The generation's id. */
  id: Scalars['ID']['input'];
};

/** The answer to `cancelGeneration`. */
export type CancelGenerationPayload = {
  __typename?: 'CancelGenerationPayload';
  /** The generation, ended. */
  generation: Generation;
};

/** One message of a conversation, for the model to read. */
export type ChatMessageInput = {
  /** Who speaks. */
  role: Role;
  /** What is said. */
  text: Scalars['String']['input'];
};

/** A list of messages that belong together, between a viewer and a model. */
export type Conversation = Node & {
  __typename?: 'Conversation';
  /** The reply that is queued or running, if any. */
  activeGeneration?: Maybe<Generation>;
  /** When it was created. */
  createdAt: Scalars['DateTime']['output'];
  /** `conv_…` */
  id: Scalars['ID']['output'];
  /** The newest message. */
  lastMessage?: Maybe<Message>;
  /** Its messages, oldest first. `first` or `last`, at most 100; 20 where both are left out. */
  messages: MessageConnection;
  /** Whose it is. */
  owner: Viewer;
  /** The links to it that are good, the newest first: at most 100. For its owner and admins: `FORBIDDEN` for others. */
  shareLinks: Array<ShareLink>;
  /** Its title; made from the first message unless given. Empty until there is one. */
  title: Scalars['String']['output'];
  /** When a message was last added, or a reply ended. */
  updatedAt: Scalars['DateTime']['output'];
  /** Who may read it, with all that is in it. */
  visibility: Visibility;
};


/** A list of messages that belong together, between a viewer and a model. */
export type ConversationMessagesArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
};

/** A page of conversations. */
export type ConversationConnection = {
  __typename?: 'ConversationConnection';
  /** The conversations with their cursors. */
  edges: Array<ConversationEdge>;
  /** The conversations. */
  nodes: Array<Conversation>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** A conversation in a page. */
export type ConversationEdge = {
  __typename?: 'ConversationEdge';
  /** Its position, for `after`. */
  cursor: Scalars['String']['output'];
  /** The conversation. */
  node: Conversation;
};

/** A new API key. */
export type CreateApiKeyInput = {
  /** From when on it is refused; it does not expire, where left out. */
  expiresAt?: InputMaybe<Scalars['DateTime']['input']>;
  /** What people tell it from others by, 1 to 100 characters. */
  name: Scalars['String']['input'];
  /** What may be done with it. */
  role?: ViewerRole;
  /**
   * A quota of its own: tokens of prompts and answers in one UTC day. What is generated with such a key counts for it, and not
   * for its viewer. Where left out beside the other one, what the server's settings allow viewers.
   */
  tokensPerDay?: InputMaybe<Scalars['Float']['input']>;
  /** The same in one UTC month. */
  tokensPerMonth?: InputMaybe<Scalars['Float']['input']>;
  /** Whose it is to be, by `usr_…`; a new viewer with the key's name and role, where left out. */
  viewer?: InputMaybe<Scalars['ID']['input']>;
};

/** The answer to `createApiKey`. */
export type CreateApiKeyPayload = {
  __typename?: 'CreateApiKeyPayload';
  /** The new key. */
  apiKey: ApiKey;
  /** What its holder shows, as in `Authorization: Bearer millrace_key_…`. It is shown here once, and is nowhere to be had again. */
  secret: Scalars['String']['output'];
};

/** A new conversation. */
export type CreateConversationInput = {
  /** Its title; made from the first message where left out. */
  title?: InputMaybe<Scalars['String']['input']>;
};

/** The answer to `createConversation`. */
export type CreateConversationPayload = {
  __typename?: 'CreateConversationPayload';
  /** The new conversation. */
  conversation: Conversation;
};

/** What the link is to lead to, and for how long. */
export type CreateShareLinkInput = {
  /** When the link ends by itself; where left out, it holds until it is revoked. */
  expiresAt?: InputMaybe<Scalars['DateTime']['input']>;
  /** The id of the generation or conversation. */
  id: Scalars['ID']['input'];
};

/** The answer to `createShareLink`. */
export type CreateShareLinkPayload = {
  __typename?: 'CreateShareLinkPayload';
  /** The new link. */
  link: ShareLink;
  /** What admits: `Authorization: Bearer link_…`. It is shown here and never again. */
  token: Scalars['String']['output'];
};

/** What a viewer has used of one model on one day: by the generations that were accepted on that day, and have ended. */
export type DailyUsage = {
  __typename?: 'DailyUsage';
  /** Tokens of their answers. */
  completionTokens: Scalars['Float']['output'];
  /** The day when they were accepted. */
  day: Scalars['Date']['output'];
  /** How many they are. */
  generations: Scalars['Int']['output'];
  /** The model. */
  model: Model;
  /** Tokens of their prompts, as far as the backends told. */
  promptTokens: Scalars['Float']['output'];
};

/** Which conversation to delete. */
export type DeleteConversationInput = {
  /** The conversation's id. */
  id: Scalars['ID']['input'];
};

/** The answer to `deleteConversation`. */
export type DeleteConversationPayload = {
  __typename?: 'DeleteConversationPayload';
  /** The id of the conversation that is no more. */
  deletedId: Scalars['ID']['output'];
};

/** What becomes of a generation when its last follower leaves. */
export type DisconnectPolicy =
  /** It is cancelled when nobody has followed it for 3 seconds after a follower left. Who may only read it does not count. */
  | 'CANCEL'
  /** It goes on. */
  | 'CONTINUE';

/** Why a generation ended. */
export type FinishReason =
  /** It was cancelled. */
  | 'CANCELLED'
  /** The backend withheld the rest. */
  | 'CONTENT_FILTER'
  /** It failed. */
  | 'ERROR'
  /** The answer reached `maxTokens` or the model's own limit. */
  | 'LENGTH'
  /** A reason that this schema does not know. */
  | 'OTHER'
  /** The model ended its answer, or met a stop text. */
  | 'STOP'
  /** The model asks for tools. */
  | 'TOOL_CALLS';

/** What to generate. */
export type GenerateInput = {
  /** The same key by the same viewer gives the same generation, however often it is sent. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The conversation so far, oldest first. Exactly one of `prompt` and `messages` is given. */
  messages?: InputMaybe<Array<ChatMessageInput>>;
  /** The model's id; the configured default where left out. */
  model?: InputMaybe<Scalars['ID']['input']>;
  /** What becomes of the generation when its last follower leaves. */
  onDisconnect?: InputMaybe<DisconnectPolicy>;
  /** How to sample. */
  parameters?: InputMaybe<SamplingInput>;
  /** The prompt, as one user's message. Exactly one of `prompt` and `messages` is given. */
  prompt?: InputMaybe<Scalars['String']['input']>;
};

/** The answer to `generate`. */
export type GeneratePayload = {
  __typename?: 'GeneratePayload';
  /** The generation: new, or the earlier one with the same idempotency key. */
  generation: Generation;
};

/** One run of a model on a prompt. It is independent of every connection. */
export type Generation = Node & {
  __typename?: 'Generation';
  /** How many attempts were started: above 1 where a backend failed and another took over. */
  attempts: Scalars['Int']['output'];
  /** When it was accepted. */
  createdAt: Scalars['DateTime']['output'];
  /** The position in the log up to which `text` goes, of the same moment: subscribe with it as `after` to go on without a gap. */
  cursor: Scalars['Cursor']['output'];
  /** When it ended. */
  endedAt?: Maybe<Scalars['DateTime']['output']>;
  /** What went wrong; null unless `FAILED`. */
  error?: Maybe<GenerationError>;
  /** Why it ended; null until it has. */
  finishReason?: Maybe<FinishReason>;
  /** When its first text was written to the log. */
  firstTokenAt?: Maybe<Scalars['DateTime']['output']>;
  /** `gen_…` */
  id: Scalars['ID']['output'];
  /** The conversation's message that it answers with; null for a generation outside a conversation, and where the viewer may read the generation only. */
  message?: Maybe<Message>;
  /** The model that was asked. */
  model: Model;
  /** Its place in the model's queue: 1 is next; null unless `QUEUED`. `myGenerations` tells when it changes. */
  queuePosition?: Maybe<Scalars['Int']['output']>;
  /** The links to it that are good, the newest first: at most 100. For its owner and admins: `FORBIDDEN` for others. */
  shareLinks: Array<ShareLink>;
  /** When its first attempt started. */
  startedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Where it stands. */
  status: GenerationStatus;
  /** The text so far. */
  text: Scalars['String']['output'];
  /** The tokens it took; null until it has ended. */
  usage?: Maybe<TokenUsage>;
  /** Who may read it. One in a conversation can also be read by whoever may read that. */
  visibility: Visibility;
};

/** A page of generations. */
export type GenerationConnection = {
  __typename?: 'GenerationConnection';
  /** The generations with their cursors. */
  edges: Array<GenerationEdge>;
  /** The generations. */
  nodes: Array<Generation>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** A generation in a page. */
export type GenerationEdge = {
  __typename?: 'GenerationEdge';
  /** Its position, for `after`. */
  cursor: Scalars['String']['output'];
  /** The generation. */
  node: Generation;
};

/** The generation ended. The last event of every log; there is exactly one. */
export type GenerationEnded = GenerationEvent & {
  __typename?: 'GenerationEnded';
  /** The position after this event. */
  cursor: Scalars['Cursor']['output'];
  /** What went wrong; null unless `FAILED`. */
  error?: Maybe<GenerationError>;
  /** Why it ended. */
  finishReason?: Maybe<FinishReason>;
  /** The generation as it is now. */
  generation: Generation;
  /** `COMPLETED`, `FAILED` or `CANCELLED`. */
  status: GenerationStatus;
  /** The tokens it took. */
  usage?: Maybe<TokenUsage>;
};

/** What went wrong with a generation. */
export type GenerationError = {
  __typename?: 'GenerationError';
  /** One of the codes of `extensions.code`. */
  code: Scalars['String']['output'];
  /** For people to read. What the backend itself said is in `Model.backends.lastError`, for admins. */
  message: Scalars['String']['output'];
  /** Whether the same request may well succeed later. */
  retryable: Scalars['Boolean']['output'];
};

/** One entry, or several merged ones, of a generation's log. */
export type GenerationEvent = {
  /** The position after this event. */
  cursor: Scalars['Cursor']['output'];
  /** The generation as it is now. */
  generation: Generation;
};

/** The generation was accepted. The first entry of every log. */
export type GenerationQueued = GenerationEvent & {
  __typename?: 'GenerationQueued';
  /** The position after this event. */
  cursor: Scalars['Cursor']['output'];
  /** The generation as it is now. */
  generation: Generation;
  /** Its place in the queue now: 1 is next; null once it has left the queue. */
  queuePosition?: Maybe<Scalars['Int']['output']>;
};

/** Where a generation stands. */
export type GenerationStatus =
  /** It was cancelled; the text so far is kept. */
  | 'CANCELLED'
  /** The model came to its end. */
  | 'COMPLETED'
  /** It ended with an error; the text so far is kept. */
  | 'FAILED'
  /** Accepted, and waiting for a backend. */
  | 'QUEUED'
  /** An attempt was started. */
  | 'RUNNING';

/** What was said in a conversation. */
export type Message = Node & {
  __typename?: 'Message';
  /** The person who wrote it; null for the model. */
  author?: Maybe<Viewer>;
  /** Where it was said. */
  conversation: Conversation;
  /** When it was added. */
  createdAt: Scalars['DateTime']['output'];
  /** The generation that writes this message; null for a person's. */
  generation?: Maybe<Generation>;
  /** `msg_…` */
  id: Scalars['ID']['output'];
  /** Who speaks. */
  role: Role;
  /** What was said; of a reply that is being generated, the text so far. */
  text: Scalars['String']['output'];
};

/** A page of messages. */
export type MessageConnection = {
  __typename?: 'MessageConnection';
  /** The messages with their cursors. */
  edges: Array<MessageEdge>;
  /** The messages. */
  nodes: Array<Message>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** A message in a page. */
export type MessageEdge = {
  __typename?: 'MessageEdge';
  /** Its position, for `after` and `before`. */
  cursor: Scalars['String']['output'];
  /** The message. */
  node: Message;
};

/** A model that can be asked, and how it does. */
export type Model = Node & {
  __typename?: 'Model';
  /** Where it runs. For admins: `FORBIDDEN` for others. */
  backends: Array<Backend>;
  /** How many generations can run at once, over all backends. */
  concurrency: Scalars['Int']['output'];
  /** Its id in the configuration. */
  id: Scalars['ID']['output'];
  /** The share of its capacity that is in use, from 0 to 1. */
  load: Scalars['Float']['output'];
  /** For people to read. */
  name: Scalars['String']['output'];
  /** Generations that wait. */
  queued: Scalars['Int']['output'];
  /** Generations that have ended since the records began. */
  requestsProcessed: Scalars['Float']['output'];
  /** Generations that are running. */
  running: Scalars['Int']['output'];
  /** Whether it answers. */
  status: ModelStatus;
  /** Milliseconds from acceptance to the first token: the mean over the last 50 that completed; null where there is none. */
  timeToFirstTokenMs?: Maybe<Scalars['Float']['output']>;
  /** Tokens a second of one generation: the mean over the last 50 that completed; 0 where there is none. */
  tokensPerSecond: Scalars['Float']['output'];
  /** Seconds since the model last came online; null while it is offline. */
  uptimeSeconds?: Maybe<Scalars['Int']['output']>;
};

/** Whether a model answers. */
export type ModelStatus =
  /** Some of its backends are down. */
  | 'DEGRADED'
  /** None of its backends is up: generations wait, and fail after the model's `queueTimeout`. */
  | 'OFFLINE'
  /** All its backends are up. */
  | 'ONLINE';

/** What can be done. */
export type Mutation = {
  __typename?: 'Mutation';
  /**
   * Ends a generation that is queued or running; what was written so far stays. A generation that has ended is answered as it is.
   * Errors: `NOT_FOUND`, `FORBIDDEN` where the viewer may only read it.
   */
  cancelGeneration: CancelGenerationPayload;
  /** Makes an API key. For admins. Errors: `FORBIDDEN`, `BAD_USER_INPUT`, `NOT_FOUND` where there is no such viewer. */
  createApiKey: CreateApiKeyPayload;
  /** Starts an empty conversation of the viewer's. Errors: `BAD_USER_INPUT`, `FORBIDDEN` for readers. */
  createConversation: CreateConversationPayload;
  /**
   * Makes a link that admits whoever has its token to one generation or conversation, read only, with or without an account.
   * Errors: `NOT_FOUND`, `FORBIDDEN`, `BAD_USER_INPUT`, `CONFLICT` where it has 100 links that are good.
   */
  createShareLink: CreateShareLinkPayload;
  /** Deletes a conversation with its messages and generations; what runs in it is cancelled. Errors: `NOT_FOUND`, `FORBIDDEN`. */
  deleteConversation: DeleteConversationPayload;
  /**
   * Starts a generation and answers as soon as it is accepted. It runs on whether or not anybody listens.
   * Errors: `BAD_USER_INPUT` where the input is wrong, `CONFLICT` where the idempotency key was used for other input,
   * `FORBIDDEN` for readers, `RATE_LIMITED` where the viewer has too many generations at once, `QUOTA_EXCEEDED` where the prompt and `maxTokens` are more than is left of
   * a day's or a month's tokens; both with `extensions.retryAfterMs`, where it helps to come back.
   */
  generate: GeneratePayload;
  /** Changes the title of a conversation. Errors: `NOT_FOUND`, `FORBIDDEN`, `BAD_USER_INPUT`. */
  renameConversation: RenameConversationPayload;
  /**
   * Ends an API key: on every node, and within 5 seconds, requests with it are refused, its streams end with `UNAUTHENTICATED`, and its
   * sockets close with 4403. For admins. Errors: `FORBIDDEN`, `NOT_FOUND`.
   */
  revokeApiKey: RevokeApiKeyPayload;
  /** Ends a link: whoever came by it is out within 5 seconds. Errors: `NOT_FOUND`. */
  revokeShareLink: RevokeShareLinkPayload;
  /**
   * Adds the viewer's message to a conversation and starts the reply, with the whole conversation as its prompt.
   * Errors: `NOT_FOUND`, `FORBIDDEN`, `BAD_USER_INPUT`, `CONFLICT` while a reply is being written in this conversation; `RATE_LIMITED` and `QUOTA_EXCEEDED` as for `generate`.
   */
  sendMessage: SendMessagePayload;
  /**
   * Says who may read a generation, or a conversation with all that is in it, beside its owner and admins. Taken back, it ends the
   * streams of those who may read it no more, with `NOT_FOUND`. Errors: `NOT_FOUND`, `FORBIDDEN`, `BAD_USER_INPUT`.
   */
  setVisibility: SetVisibilityPayload;
};


/** What can be done. */
export type MutationCancelGenerationArgs = {
  input: CancelGenerationInput;
};


/** What can be done. */
export type MutationCreateApiKeyArgs = {
  input: CreateApiKeyInput;
};


/** What can be done. */
export type MutationCreateConversationArgs = {
  input: CreateConversationInput;
};


/** What can be done. */
export type MutationCreateShareLinkArgs = {
  input: CreateShareLinkInput;
};


/** What can be done. */
export type MutationDeleteConversationArgs = {
  input: DeleteConversationInput;
};


/** What can be done. */
export type MutationGenerateArgs = {
  input: GenerateInput;
};


/** What can be done. */
export type MutationRenameConversationArgs = {
  input: RenameConversationInput;
};


/** What can be done. */
export type MutationRevokeApiKeyArgs = {
  input: RevokeApiKeyInput;
};


/** What can be done. */
export type MutationRevokeShareLinkArgs = {
  input: RevokeShareLinkInput;
};


/** What can be done. */
export type MutationSendMessageArgs = {
  input: SendMessageInput;
};


/** What can be done. */
export type MutationSetVisibilityArgs = {
  input: SetVisibilityInput;
};

/** An object with a global id. The id tells the type: `gen_…`, `conv_…`, `msg_…`, `usr_…`, `key_…`, `evt_…`; any other is a model's, as the configuration names it. */
export type Node = {
  /** The global id. */
  id: Scalars['ID']['output'];
};

/** Where a page stands in its list. */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** The cursor of the last edge; null on an empty page. */
  endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether more follows. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether more precedes. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** The cursor of the first edge; null on an empty page. */
  startCursor?: Maybe<Scalars['String']['output']>;
};

/** What can be read. Everything here is answered at once, in one request for a whole page. */
export type Query = {
  __typename?: 'Query';
  /** All API keys, newest first. At most 100; 20 where `first` is left out. For admins. Errors: `FORBIDDEN`. */
  apiKeys: ApiKeyConnection;
  /**
   * What was written down of the last 90 days, newest first: who was refused, whose keys came and went, and what admins did with what is
   * others'. At most 100; 20 where `first` is left out. For admins. Errors: `FORBIDDEN`.
   */
  auditEvents: AuditEventConnection;
  /** One conversation by its id; null where there is none that the viewer may see. */
  conversation?: Maybe<Conversation>;
  /** One generation by its id; null where there is none that the viewer may see. */
  generation?: Maybe<Generation>;
  /** One model by its id; null where no such model is configured. */
  model?: Maybe<Model>;
  /** Every configured model, in the order of the configuration. */
  models: Array<Model>;
  /** Any object by its global id; null where there is none that the viewer may see. */
  node?: Maybe<Node>;
  /** The server itself: version, age and load. */
  service: Service;
  /** Who is asking. */
  viewer: Viewer;
};


/** What can be read. Everything here is answered at once, in one request for a whole page. */
export type QueryApiKeysArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


/** What can be read. Everything here is answered at once, in one request for a whole page. */
export type QueryAuditEventsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


/** What can be read. Everything here is answered at once, in one request for a whole page. */
export type QueryConversationArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. Everything here is answered at once, in one request for a whole page. */
export type QueryGenerationArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. Everything here is answered at once, in one request for a whole page. */
export type QueryModelArgs = {
  id: Scalars['ID']['input'];
};


/** What can be read. Everything here is answered at once, in one request for a whole page. */
export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};

/** Which conversation to rename, and to what. */
export type RenameConversationInput = {
  /** The conversation's id. */
  id: Scalars['ID']['input'];
  /** The new title, 1 to 200 characters. */
  title: Scalars['String']['input'];
};

/** The answer to `renameConversation`. */
export type RenameConversationPayload = {
  __typename?: 'RenameConversationPayload';
  /** The conversation with its new title. */
  conversation: Conversation;
};

/** Which API key to revoke. */
export type RevokeApiKeyInput = {
  /** The key's id. */
  id: Scalars['ID']['input'];
};

/** The answer to `revokeApiKey`. */
export type RevokeApiKeyPayload = {
  __typename?: 'RevokeApiKeyPayload';
  /** The key, revoked. */
  apiKey: ApiKey;
};

/** Which link to end. */
export type RevokeShareLinkInput = {
  /** The link's id. */
  id: Scalars['ID']['input'];
};

/** The answer to `revokeShareLink`. */
export type RevokeShareLinkPayload = {
  __typename?: 'RevokeShareLinkPayload';
  /** The link, revoked. */
  link: ShareLink;
};

/** Who speaks in a conversation. */
export type Role =
  /** The model. */
  | 'ASSISTANT'
  /** Instructions to the model. */
  | 'SYSTEM'
  /** A person. */
  | 'USER';

/** How to sample. What is left out is the backend's own default. */
export type SamplingInput = {
  /** The most tokens that the answer may have; at least 1, and at most what the server allows. That many count against quotas until the answer has ended. */
  maxTokens?: InputMaybe<Scalars['Int']['input']>;
  /** The same seed gives the same answer, where the backend can promise that. */
  seed?: InputMaybe<Scalars['Int']['input']>;
  /** Texts at which the answer ends: at most 4, each of at most 256 characters; the text itself is not part of the answer. */
  stop?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Randomness from 0 (always the likeliest token) to 2. */
  temperature?: InputMaybe<Scalars['Float']['input']>;
  /** Only the likeliest tokens that together have this probability are drawn from; above 0, at most 1. */
  topP?: InputMaybe<Scalars['Float']['input']>;
};

/** A message, and how to answer it. */
export type SendMessageInput = {
  /** The conversation's id. */
  conversationId: Scalars['ID']['input'];
  /** The same key by the same viewer gives the same message and reply, however often it is sent. */
  idempotencyKey?: InputMaybe<Scalars['String']['input']>;
  /** The model that answers; the configured default where left out. */
  model?: InputMaybe<Scalars['ID']['input']>;
  /** What becomes of the reply when its last follower leaves. */
  onDisconnect?: InputMaybe<DisconnectPolicy>;
  /** How to sample the reply. */
  parameters?: InputMaybe<SamplingInput>;
  /** What the viewer says. */
  text: Scalars['String']['input'];
};

/** The answer to `sendMessage`. */
export type SendMessagePayload = {
  __typename?: 'SendMessagePayload';
  /** The reply that is being generated. */
  generation: Generation;
  /** The viewer's message. */
  message: Message;
};

/** The server itself. */
export type Service = {
  __typename?: 'Service';
  /** The share of all models' capacity that is in use, from 0 to 1. */
  load: Scalars['Float']['output'];
  /** Generations that wait. */
  queued: Scalars['Int']['output'];
  /** Generations of the configured models that have ended since the records began. */
  requestsProcessed: Scalars['Float']['output'];
  /** Generations that are running. */
  running: Scalars['Int']['output'];
  /** When this process started. */
  startedAt: Scalars['DateTime']['output'];
  /** Seconds since then. */
  uptimeSeconds: Scalars['Int']['output'];
  /** The version of Millrace. */
  version: Scalars['String']['output'];
};

/** Who is to read what. */
export type SetVisibilityInput = {
  /** The id of the generation or conversation. */
  id: Scalars['ID']['input'];
  /** Who may read it beside its owner and admins. */
  visibility: Visibility;
};

/** The answer to `setVisibility`. */
export type SetVisibilityPayload = {
  __typename?: 'SetVisibilityPayload';
  /** The generation or conversation, as it is shared now. */
  node: Node;
};

/** A link that admits whoever has its token to one generation or conversation, read only. */
export type ShareLink = {
  __typename?: 'ShareLink';
  /** When it was made. */
  createdAt: Scalars['DateTime']['output'];
  /** When it ends by itself; null where it does not. */
  expiresAt?: Maybe<Scalars['DateTime']['output']>;
  /** `link_…`. It is no secret, and admits nobody. */
  id: Scalars['ID']['output'];
  /** When it was revoked; null where it was not. */
  revokedAt?: Maybe<Scalars['DateTime']['output']>;
};

/**
 * What can be followed. `generation` is exact: every change in order, none lost. The others give the state now, at once, and again after
 * changes: states in between may be skipped, the last one never.
 */
export type Subscription = {
  __typename?: 'Subscription';
  /** A conversation, now and after every change of its title, messages or replies; completes when it is deleted. Errors: `NOT_FOUND`, also later, once the viewer may not read it any more. */
  conversation: Conversation;
  /**
   * The log of one generation: what follows `after` (everything, where it is left out), then what comes live; completes after `GenerationEnded`.
   * What had piled up comes merged. Errors: `NOT_FOUND` (also later, once the viewer may not read it any more), `BAD_USER_INPUT` for a cursor of another generation.
   */
  generation: GenerationEvent;
  /** A model's status and load, now and after every change (at most four times a second); all models where `id` is left out. */
  model: Model;
  /** The viewer's generations: each that is queued or running now, then each whose status, attempt or place in the queue changes. */
  myGenerations: Generation;
};


/**
 * What can be followed. `generation` is exact: every change in order, none lost. The others give the state now, at once, and again after
 * changes: states in between may be skipped, the last one never.
 */
export type SubscriptionConversationArgs = {
  id: Scalars['ID']['input'];
};


/**
 * What can be followed. `generation` is exact: every change in order, none lost. The others give the state now, at once, and again after
 * changes: states in between may be skipped, the last one never.
 */
export type SubscriptionGenerationArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  id: Scalars['ID']['input'];
};


/**
 * What can be followed. `generation` is exact: every change in order, none lost. The others give the state now, at once, and again after
 * changes: states in between may be skipped, the last one never.
 */
export type SubscriptionModelArgs = {
  id?: InputMaybe<Scalars['ID']['input']>;
};

/** Text was written: `answer = answer.slice(0, position) + text`. */
export type TextAppended = GenerationEvent & {
  __typename?: 'TextAppended';
  /** The position after this event. */
  cursor: Scalars['Cursor']['output'];
  /** The generation as it is now. */
  generation: Generation;
  /** Where the text goes, in UTF-16 code units from the answer's start. */
  position: Scalars['Int']['output'];
  /** The text. It never ends in the middle of a character. */
  text: Scalars['String']['output'];
};

/** The tokens that a generation took. */
export type TokenUsage = {
  __typename?: 'TokenUsage';
  /** Tokens of the answer: the backend's count, or the tokens received where the answer was cut off before the backend told. */
  completionTokens: Scalars['Int']['output'];
  /** Tokens of the prompt, as the backend counts them; null where it did not tell. */
  promptTokens?: Maybe<Scalars['Int']['output']>;
};

/**
 * Somebody who uses this server. Their id and name stand on what they share; the rest is for themselves and admins, and `FORBIDDEN`
 * for others.
 */
export type Viewer = Node & {
  __typename?: 'Viewer';
  /** Their conversations, the last changed first. At most 100; 20 where `first` is left out. A conversation that changes while you page moves to the front. */
  conversations: ConversationConnection;
  /** Their generations, newest first. At most 100; 20 where `first` is left out. */
  generations: GenerationConnection;
  /** `usr_…` */
  id: Scalars['ID']['output'];
  /** What they may do, and how much of it is left. For them and admins. */
  limits: ViewerLimits;
  /** For people to read. */
  name: Scalars['String']['output'];
  /** What they may do. */
  role: ViewerRole;
  /** What they have used. For them and admins. */
  usage: ViewerUsage;
  /**
   * The same by UTC day and model: the last day first, days without use left out. `last` is how many days, today among them; at most 366.
   * For them and admins.
   */
  usageByDay: Array<DailyUsage>;
};


/**
 * Somebody who uses this server. Their id and name stand on what they share; the rest is for themselves and admins, and `FORBIDDEN`
 * for others.
 */
export type ViewerConversationsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
};


/**
 * Somebody who uses this server. Their id and name stand on what they share; the rest is for themselves and admins, and `FORBIDDEN`
 * for others.
 */
export type ViewerGenerationsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  status?: InputMaybe<GenerationStatus>;
};


/**
 * Somebody who uses this server. Their id and name stand on what they share; the rest is for themselves and admins, and `FORBIDDEN`
 * for others.
 */
export type ViewerUsageByDayArgs = {
  last?: Scalars['Int']['input'];
};

/**
 * How much a viewer may do, or, for whoever came with an API key that has a quota of its own, what that key may take. What has no
 * limit is null.
 */
export type ViewerLimits = {
  __typename?: 'ViewerLimits';
  /** Generations that are queued or running. */
  generationsAtOnce?: Maybe<Allowance>;
  /** Operations in one second, on all nodes together: each query, each mutation, and each subscription at its start. */
  operationsPerSecond?: Maybe<Allowance>;
  /** Tokens of prompts and answers that are accepted in one UTC day. */
  tokensPerDay?: Maybe<Allowance>;
  /** Tokens of prompts and answers that are accepted in one UTC month. */
  tokensPerMonth?: Maybe<Allowance>;
};

/** What a viewer may do. */
export type ViewerRole =
  /** Everything. */
  | 'ADMIN'
  /** Generate, share, and see their own and what is shared. */
  | 'MEMBER'
  /** Read what is shared, and change nothing. Who comes by a link is one, and reads what it leads to only. */
  | 'READER';

/** What a viewer has used, over all generations that have ended. */
export type ViewerUsage = {
  __typename?: 'ViewerUsage';
  /** Tokens of their answers. */
  completionTokens: Scalars['Float']['output'];
  /** Generations that have ended. */
  generations: Scalars['Int']['output'];
  /** Tokens of their prompts, as far as the backends told. */
  promptTokens: Scalars['Float']['output'];
};

/** Who may read a generation or conversation beside its owner and admins, and beside those who have a link. */
export type Visibility =
  /** Nobody. */
  | 'PRIVATE'
  /** Every viewer who has signed in. */
  | 'SIGNED_IN';



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;




/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  GenerationEvent:
    | ( GenerationEventOf )
    | ( GenerationEventOf )
    | ( GenerationEventOf )
    | ( GenerationEventOf )
  ;
  Node:
    | ( ApiKeyRow )
    | ( AuditEventRow )
    | ( ConversationRow )
    | ( GenerationRow )
    | ( MessageRow )
    | ( ModelRow )
    | ( ViewerRow )
  ;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  Allowance: ResolverTypeWrapper<Allowance>;
  ApiKey: ResolverTypeWrapper<ApiKeyRow>;
  ApiKeyConnection: ResolverTypeWrapper<Omit<ApiKeyConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['ApiKeyEdge']>, nodes: Array<ResolversTypes['ApiKey']> }>;
  ApiKeyEdge: ResolverTypeWrapper<Omit<ApiKeyEdge, 'node'> & { node: ResolversTypes['ApiKey'] }>;
  AttemptStarted: ResolverTypeWrapper<GenerationEventOf>;
  AuditEvent: ResolverTypeWrapper<AuditEventRow>;
  AuditEventConnection: ResolverTypeWrapper<Omit<AuditEventConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['AuditEventEdge']>, nodes: Array<ResolversTypes['AuditEvent']> }>;
  AuditEventEdge: ResolverTypeWrapper<Omit<AuditEventEdge, 'node'> & { node: ResolversTypes['AuditEvent'] }>;
  AuditEventKind: AuditEventKind;
  Backend: ResolverTypeWrapper<Backend>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  CancelGenerationInput: CancelGenerationInput;
  CancelGenerationPayload: ResolverTypeWrapper<Omit<CancelGenerationPayload, 'generation'> & { generation: ResolversTypes['Generation'] }>;
  ChatMessageInput: ChatMessageInput;
  Conversation: ResolverTypeWrapper<ConversationRow>;
  ConversationConnection: ResolverTypeWrapper<Omit<ConversationConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['ConversationEdge']>, nodes: Array<ResolversTypes['Conversation']> }>;
  ConversationEdge: ResolverTypeWrapper<Omit<ConversationEdge, 'node'> & { node: ResolversTypes['Conversation'] }>;
  CreateApiKeyInput: CreateApiKeyInput;
  CreateApiKeyPayload: ResolverTypeWrapper<Omit<CreateApiKeyPayload, 'apiKey'> & { apiKey: ResolversTypes['ApiKey'] }>;
  CreateConversationInput: CreateConversationInput;
  CreateConversationPayload: ResolverTypeWrapper<Omit<CreateConversationPayload, 'conversation'> & { conversation: ResolversTypes['Conversation'] }>;
  CreateShareLinkInput: CreateShareLinkInput;
  CreateShareLinkPayload: ResolverTypeWrapper<Omit<CreateShareLinkPayload, 'link'> & { link: ResolversTypes['ShareLink'] }>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  DailyUsage: ResolverTypeWrapper<DailyUsageRow>;
  Date: ResolverTypeWrapper<Scalars['Date']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  DeleteConversationInput: DeleteConversationInput;
  DeleteConversationPayload: ResolverTypeWrapper<DeleteConversationPayload>;
  DisconnectPolicy: DisconnectPolicy;
  FinishReason: FinishReason;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  GenerateInput: GenerateInput;
  GeneratePayload: ResolverTypeWrapper<Omit<GeneratePayload, 'generation'> & { generation: ResolversTypes['Generation'] }>;
  Generation: ResolverTypeWrapper<GenerationRow>;
  GenerationConnection: ResolverTypeWrapper<Omit<GenerationConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['GenerationEdge']>, nodes: Array<ResolversTypes['Generation']> }>;
  GenerationEdge: ResolverTypeWrapper<Omit<GenerationEdge, 'node'> & { node: ResolversTypes['Generation'] }>;
  GenerationEnded: ResolverTypeWrapper<GenerationEventOf>;
  GenerationError: ResolverTypeWrapper<GenerationError>;
  GenerationEvent: ResolverTypeWrapper<GenerationEventOf>;
  GenerationQueued: ResolverTypeWrapper<GenerationEventOf>;
  GenerationStatus: GenerationStatus;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  Message: ResolverTypeWrapper<MessageRow>;
  MessageConnection: ResolverTypeWrapper<Omit<MessageConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['MessageEdge']>, nodes: Array<ResolversTypes['Message']> }>;
  MessageEdge: ResolverTypeWrapper<Omit<MessageEdge, 'node'> & { node: ResolversTypes['Message'] }>;
  Model: ResolverTypeWrapper<ModelRow>;
  ModelStatus: ModelStatus;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Node: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Node']>;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  RenameConversationInput: RenameConversationInput;
  RenameConversationPayload: ResolverTypeWrapper<Omit<RenameConversationPayload, 'conversation'> & { conversation: ResolversTypes['Conversation'] }>;
  RevokeApiKeyInput: RevokeApiKeyInput;
  RevokeApiKeyPayload: ResolverTypeWrapper<Omit<RevokeApiKeyPayload, 'apiKey'> & { apiKey: ResolversTypes['ApiKey'] }>;
  RevokeShareLinkInput: RevokeShareLinkInput;
  RevokeShareLinkPayload: ResolverTypeWrapper<Omit<RevokeShareLinkPayload, 'link'> & { link: ResolversTypes['ShareLink'] }>;
  Role: Role;
  SamplingInput: SamplingInput;
  SendMessageInput: SendMessageInput;
  SendMessagePayload: ResolverTypeWrapper<Omit<SendMessagePayload, 'generation' | 'message'> & { generation: ResolversTypes['Generation'], message: ResolversTypes['Message'] }>;
  Service: ResolverTypeWrapper<ServiceFacts>;
  SetVisibilityInput: SetVisibilityInput;
  SetVisibilityPayload: ResolverTypeWrapper<Omit<SetVisibilityPayload, 'node'> & { node: ResolversTypes['Node'] }>;
  ShareLink: ResolverTypeWrapper<ShareLinkRow>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  TextAppended: ResolverTypeWrapper<GenerationEventOf>;
  TokenUsage: ResolverTypeWrapper<TokenUsage>;
  Viewer: ResolverTypeWrapper<ViewerRow>;
  ViewerLimits: ResolverTypeWrapper<ViewerLimits>;
  ViewerRole: ViewerRole;
  ViewerUsage: ResolverTypeWrapper<ViewerUsage>;
  Visibility: Visibility;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Allowance: Allowance;
  ApiKey: ApiKeyRow;
  ApiKeyConnection: Omit<ApiKeyConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['ApiKeyEdge']>, nodes: Array<ResolversParentTypes['ApiKey']> };
  ApiKeyEdge: Omit<ApiKeyEdge, 'node'> & { node: ResolversParentTypes['ApiKey'] };
  AttemptStarted: GenerationEventOf;
  AuditEvent: AuditEventRow;
  AuditEventConnection: Omit<AuditEventConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['AuditEventEdge']>, nodes: Array<ResolversParentTypes['AuditEvent']> };
  AuditEventEdge: Omit<AuditEventEdge, 'node'> & { node: ResolversParentTypes['AuditEvent'] };
  Backend: Backend;
  Boolean: Scalars['Boolean']['output'];
  CancelGenerationInput: CancelGenerationInput;
  CancelGenerationPayload: Omit<CancelGenerationPayload, 'generation'> & { generation: ResolversParentTypes['Generation'] };
  ChatMessageInput: ChatMessageInput;
  Conversation: ConversationRow;
  ConversationConnection: Omit<ConversationConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['ConversationEdge']>, nodes: Array<ResolversParentTypes['Conversation']> };
  ConversationEdge: Omit<ConversationEdge, 'node'> & { node: ResolversParentTypes['Conversation'] };
  CreateApiKeyInput: CreateApiKeyInput;
  CreateApiKeyPayload: Omit<CreateApiKeyPayload, 'apiKey'> & { apiKey: ResolversParentTypes['ApiKey'] };
  CreateConversationInput: CreateConversationInput;
  CreateConversationPayload: Omit<CreateConversationPayload, 'conversation'> & { conversation: ResolversParentTypes['Conversation'] };
  CreateShareLinkInput: CreateShareLinkInput;
  CreateShareLinkPayload: Omit<CreateShareLinkPayload, 'link'> & { link: ResolversParentTypes['ShareLink'] };
  Cursor: Scalars['Cursor']['output'];
  DailyUsage: DailyUsageRow;
  Date: Scalars['Date']['output'];
  DateTime: Scalars['DateTime']['output'];
  DeleteConversationInput: DeleteConversationInput;
  DeleteConversationPayload: DeleteConversationPayload;
  Float: Scalars['Float']['output'];
  GenerateInput: GenerateInput;
  GeneratePayload: Omit<GeneratePayload, 'generation'> & { generation: ResolversParentTypes['Generation'] };
  Generation: GenerationRow;
  GenerationConnection: Omit<GenerationConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['GenerationEdge']>, nodes: Array<ResolversParentTypes['Generation']> };
  GenerationEdge: Omit<GenerationEdge, 'node'> & { node: ResolversParentTypes['Generation'] };
  GenerationEnded: GenerationEventOf;
  GenerationError: GenerationError;
  GenerationEvent: GenerationEventOf;
  GenerationQueued: GenerationEventOf;
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  Message: MessageRow;
  MessageConnection: Omit<MessageConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['MessageEdge']>, nodes: Array<ResolversParentTypes['Message']> };
  MessageEdge: Omit<MessageEdge, 'node'> & { node: ResolversParentTypes['Message'] };
  Model: ModelRow;
  Mutation: Record<PropertyKey, never>;
  Node: ResolversInterfaceTypes<ResolversParentTypes>['Node'];
  PageInfo: PageInfo;
  Query: Record<PropertyKey, never>;
  RenameConversationInput: RenameConversationInput;
  RenameConversationPayload: Omit<RenameConversationPayload, 'conversation'> & { conversation: ResolversParentTypes['Conversation'] };
  RevokeApiKeyInput: RevokeApiKeyInput;
  RevokeApiKeyPayload: Omit<RevokeApiKeyPayload, 'apiKey'> & { apiKey: ResolversParentTypes['ApiKey'] };
  RevokeShareLinkInput: RevokeShareLinkInput;
  RevokeShareLinkPayload: Omit<RevokeShareLinkPayload, 'link'> & { link: ResolversParentTypes['ShareLink'] };
  SamplingInput: SamplingInput;
  SendMessageInput: SendMessageInput;
  SendMessagePayload: Omit<SendMessagePayload, 'generation' | 'message'> & { generation: ResolversParentTypes['Generation'], message: ResolversParentTypes['Message'] };
  Service: ServiceFacts;
  SetVisibilityInput: SetVisibilityInput;
  SetVisibilityPayload: Omit<SetVisibilityPayload, 'node'> & { node: ResolversParentTypes['Node'] };
  ShareLink: ShareLinkRow;
  String: Scalars['String']['output'];
  Subscription: Record<PropertyKey, never>;
  TextAppended: GenerationEventOf;
  TokenUsage: TokenUsage;
  Viewer: ViewerRow;
  ViewerLimits: ViewerLimits;
  ViewerUsage: ViewerUsage;
};

export type ViewerDependentDirectiveArgs = { };

export type ViewerDependentDirectiveResolver<Result, Parent, ContextType = Context, Args = ViewerDependentDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type AllowanceResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Allowance'] = ResolversParentTypes['Allowance']> = {
  limit?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  remaining?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  reserved?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  resetsAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  used?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type ApiKeyResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ApiKey'] = ResolversParentTypes['ApiKey']> = {
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  expiresAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  lastUsedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  revokedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  role?: Resolver<ResolversTypes['ViewerRole'], ParentType, ContextType>;
  tokensPerDay?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  tokensPerMonth?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  viewer?: Resolver<ResolversTypes['Viewer'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ApiKeyConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ApiKeyConnection'] = ResolversParentTypes['ApiKeyConnection']> = {
  edges?: Resolver<Array<ResolversTypes['ApiKeyEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['ApiKey']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type ApiKeyEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ApiKeyEdge'] = ResolversParentTypes['ApiKeyEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['ApiKey'], ParentType, ContextType>;
};

export type AttemptStartedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AttemptStarted'] = ResolversParentTypes['AttemptStarted']> = {
  attempt?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  backend?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  generation?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
  keptLength?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type AuditEventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AuditEvent'] = ResolversParentTypes['AuditEvent']> = {
  actor?: Resolver<Maybe<ResolversTypes['Viewer']>, ParentType, ContextType>;
  at?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  detail?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  ip?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['AuditEventKind'], ParentType, ContextType>;
  subjectId?: Resolver<Maybe<ResolversTypes['ID']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type AuditEventConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AuditEventConnection'] = ResolversParentTypes['AuditEventConnection']> = {
  edges?: Resolver<Array<ResolversTypes['AuditEventEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['AuditEvent']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type AuditEventEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['AuditEventEdge'] = ResolversParentTypes['AuditEventEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['AuditEvent'], ParentType, ContextType>;
};

export type BackendResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Backend'] = ResolversParentTypes['Backend']> = {
  concurrency?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  lastError?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  running?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['ModelStatus'], ParentType, ContextType>;
};

export type CancelGenerationPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CancelGenerationPayload'] = ResolversParentTypes['CancelGenerationPayload']> = {
  generation?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
};

export type ConversationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Conversation'] = ResolversParentTypes['Conversation']> = {
  activeGeneration?: Resolver<Maybe<ResolversTypes['Generation']>, ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  lastMessage?: Resolver<Maybe<ResolversTypes['Message']>, ParentType, ContextType>;
  messages?: Resolver<ResolversTypes['MessageConnection'], ParentType, ContextType, Partial<ConversationMessagesArgs>>;
  owner?: Resolver<ResolversTypes['Viewer'], ParentType, ContextType>;
  shareLinks?: Resolver<Array<ResolversTypes['ShareLink']>, ParentType, ContextType>;
  title?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  updatedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  visibility?: Resolver<ResolversTypes['Visibility'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ConversationConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ConversationConnection'] = ResolversParentTypes['ConversationConnection']> = {
  edges?: Resolver<Array<ResolversTypes['ConversationEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Conversation']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type ConversationEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ConversationEdge'] = ResolversParentTypes['ConversationEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Conversation'], ParentType, ContextType>;
};

export type CreateApiKeyPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateApiKeyPayload'] = ResolversParentTypes['CreateApiKeyPayload']> = {
  apiKey?: Resolver<ResolversTypes['ApiKey'], ParentType, ContextType>;
  secret?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type CreateConversationPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateConversationPayload'] = ResolversParentTypes['CreateConversationPayload']> = {
  conversation?: Resolver<ResolversTypes['Conversation'], ParentType, ContextType>;
};

export type CreateShareLinkPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CreateShareLinkPayload'] = ResolversParentTypes['CreateShareLinkPayload']> = {
  link?: Resolver<ResolversTypes['ShareLink'], ParentType, ContextType>;
  token?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], any> {
  name: 'Cursor';
}

export type DailyUsageResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DailyUsage'] = ResolversParentTypes['DailyUsage']> = {
  completionTokens?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  day?: Resolver<ResolversTypes['Date'], ParentType, ContextType>;
  generations?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  model?: Resolver<ResolversTypes['Model'], ParentType, ContextType>;
  promptTokens?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export interface DateScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Date'], any> {
  name: 'Date';
}

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type DeleteConversationPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['DeleteConversationPayload'] = ResolversParentTypes['DeleteConversationPayload']> = {
  deletedId?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export type GeneratePayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GeneratePayload'] = ResolversParentTypes['GeneratePayload']> = {
  generation?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
};

export type GenerationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Generation'] = ResolversParentTypes['Generation']> = {
  attempts?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  endedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['GenerationError']>, ParentType, ContextType>;
  finishReason?: Resolver<Maybe<ResolversTypes['FinishReason']>, ParentType, ContextType>;
  firstTokenAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  message?: Resolver<Maybe<ResolversTypes['Message']>, ParentType, ContextType>;
  model?: Resolver<ResolversTypes['Model'], ParentType, ContextType>;
  queuePosition?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  shareLinks?: Resolver<Array<ResolversTypes['ShareLink']>, ParentType, ContextType>;
  startedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  status?: Resolver<ResolversTypes['GenerationStatus'], ParentType, ContextType>;
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  usage?: Resolver<Maybe<ResolversTypes['TokenUsage']>, ParentType, ContextType>;
  visibility?: Resolver<ResolversTypes['Visibility'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GenerationConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GenerationConnection'] = ResolversParentTypes['GenerationConnection']> = {
  edges?: Resolver<Array<ResolversTypes['GenerationEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Generation']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type GenerationEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GenerationEdge'] = ResolversParentTypes['GenerationEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
};

export type GenerationEndedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GenerationEnded'] = ResolversParentTypes['GenerationEnded']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  error?: Resolver<Maybe<ResolversTypes['GenerationError']>, ParentType, ContextType>;
  finishReason?: Resolver<Maybe<ResolversTypes['FinishReason']>, ParentType, ContextType>;
  generation?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['GenerationStatus'], ParentType, ContextType>;
  usage?: Resolver<Maybe<ResolversTypes['TokenUsage']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GenerationErrorResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GenerationError'] = ResolversParentTypes['GenerationError']> = {
  code?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  retryable?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
};

export type GenerationEventResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GenerationEvent'] = ResolversParentTypes['GenerationEvent']> = {
  __resolveType: TypeResolveFn<'AttemptStarted' | 'GenerationEnded' | 'GenerationQueued' | 'TextAppended', ParentType, ContextType>;
};

export type GenerationQueuedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['GenerationQueued'] = ResolversParentTypes['GenerationQueued']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  generation?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
  queuePosition?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MessageResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Message'] = ResolversParentTypes['Message']> = {
  author?: Resolver<Maybe<ResolversTypes['Viewer']>, ParentType, ContextType>;
  conversation?: Resolver<ResolversTypes['Conversation'], ParentType, ContextType>;
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  generation?: Resolver<Maybe<ResolversTypes['Generation']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  role?: Resolver<ResolversTypes['Role'], ParentType, ContextType>;
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MessageConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MessageConnection'] = ResolversParentTypes['MessageConnection']> = {
  edges?: Resolver<Array<ResolversTypes['MessageEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Message']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type MessageEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['MessageEdge'] = ResolversParentTypes['MessageEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
};

export type ModelResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Model'] = ResolversParentTypes['Model']> = {
  backends?: Resolver<Array<ResolversTypes['Backend']>, ParentType, ContextType>;
  concurrency?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  load?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  queued?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  requestsProcessed?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  running?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['ModelStatus'], ParentType, ContextType>;
  timeToFirstTokenMs?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  tokensPerSecond?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  uptimeSeconds?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MutationResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  cancelGeneration?: Resolver<ResolversTypes['CancelGenerationPayload'], ParentType, ContextType, RequireFields<MutationCancelGenerationArgs, 'input'>>;
  createApiKey?: Resolver<ResolversTypes['CreateApiKeyPayload'], ParentType, ContextType, RequireFields<MutationCreateApiKeyArgs, 'input'>>;
  createConversation?: Resolver<ResolversTypes['CreateConversationPayload'], ParentType, ContextType, RequireFields<MutationCreateConversationArgs, 'input'>>;
  createShareLink?: Resolver<ResolversTypes['CreateShareLinkPayload'], ParentType, ContextType, RequireFields<MutationCreateShareLinkArgs, 'input'>>;
  deleteConversation?: Resolver<ResolversTypes['DeleteConversationPayload'], ParentType, ContextType, RequireFields<MutationDeleteConversationArgs, 'input'>>;
  generate?: Resolver<ResolversTypes['GeneratePayload'], ParentType, ContextType, RequireFields<MutationGenerateArgs, 'input'>>;
  renameConversation?: Resolver<ResolversTypes['RenameConversationPayload'], ParentType, ContextType, RequireFields<MutationRenameConversationArgs, 'input'>>;
  revokeApiKey?: Resolver<ResolversTypes['RevokeApiKeyPayload'], ParentType, ContextType, RequireFields<MutationRevokeApiKeyArgs, 'input'>>;
  revokeShareLink?: Resolver<ResolversTypes['RevokeShareLinkPayload'], ParentType, ContextType, RequireFields<MutationRevokeShareLinkArgs, 'input'>>;
  sendMessage?: Resolver<ResolversTypes['SendMessagePayload'], ParentType, ContextType, RequireFields<MutationSendMessageArgs, 'input'>>;
  setVisibility?: Resolver<ResolversTypes['SetVisibilityPayload'], ParentType, ContextType, RequireFields<MutationSetVisibilityArgs, 'input'>>;
};

export type NodeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Node'] = ResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<'ApiKey' | 'AuditEvent' | 'Conversation' | 'Generation' | 'Message' | 'Model' | 'Viewer', ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  apiKeys?: Resolver<ResolversTypes['ApiKeyConnection'], ParentType, ContextType, Partial<QueryApiKeysArgs>>;
  auditEvents?: Resolver<ResolversTypes['AuditEventConnection'], ParentType, ContextType, Partial<QueryAuditEventsArgs>>;
  conversation?: Resolver<Maybe<ResolversTypes['Conversation']>, ParentType, ContextType, RequireFields<QueryConversationArgs, 'id'>>;
  generation?: Resolver<Maybe<ResolversTypes['Generation']>, ParentType, ContextType, RequireFields<QueryGenerationArgs, 'id'>>;
  model?: Resolver<Maybe<ResolversTypes['Model']>, ParentType, ContextType, RequireFields<QueryModelArgs, 'id'>>;
  models?: Resolver<Array<ResolversTypes['Model']>, ParentType, ContextType>;
  node?: Resolver<Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<QueryNodeArgs, 'id'>>;
  service?: Resolver<ResolversTypes['Service'], ParentType, ContextType>;
  viewer?: Resolver<ResolversTypes['Viewer'], ParentType, ContextType>;
};

export type RenameConversationPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RenameConversationPayload'] = ResolversParentTypes['RenameConversationPayload']> = {
  conversation?: Resolver<ResolversTypes['Conversation'], ParentType, ContextType>;
};

export type RevokeApiKeyPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RevokeApiKeyPayload'] = ResolversParentTypes['RevokeApiKeyPayload']> = {
  apiKey?: Resolver<ResolversTypes['ApiKey'], ParentType, ContextType>;
};

export type RevokeShareLinkPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['RevokeShareLinkPayload'] = ResolversParentTypes['RevokeShareLinkPayload']> = {
  link?: Resolver<ResolversTypes['ShareLink'], ParentType, ContextType>;
};

export type SendMessagePayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SendMessagePayload'] = ResolversParentTypes['SendMessagePayload']> = {
  generation?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
  message?: Resolver<ResolversTypes['Message'], ParentType, ContextType>;
};

export type ServiceResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Service'] = ResolversParentTypes['Service']> = {
  load?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  queued?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  requestsProcessed?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  running?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  startedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  uptimeSeconds?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type SetVisibilityPayloadResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SetVisibilityPayload'] = ResolversParentTypes['SetVisibilityPayload']> = {
  node?: Resolver<ResolversTypes['Node'], ParentType, ContextType>;
};

export type ShareLinkResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ShareLink'] = ResolversParentTypes['ShareLink']> = {
  createdAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  expiresAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  revokedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  conversation?: SubscriptionResolver<ResolversTypes['Conversation'], "conversation", ParentType, ContextType, RequireFields<SubscriptionConversationArgs, 'id'>>;
  generation?: SubscriptionResolver<ResolversTypes['GenerationEvent'], "generation", ParentType, ContextType, RequireFields<SubscriptionGenerationArgs, 'id'>>;
  model?: SubscriptionResolver<ResolversTypes['Model'], "model", ParentType, ContextType, Partial<SubscriptionModelArgs>>;
  myGenerations?: SubscriptionResolver<ResolversTypes['Generation'], "myGenerations", ParentType, ContextType>;
};

export type TextAppendedResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TextAppended'] = ResolversParentTypes['TextAppended']> = {
  cursor?: Resolver<ResolversTypes['Cursor'], ParentType, ContextType>;
  generation?: Resolver<ResolversTypes['Generation'], ParentType, ContextType>;
  position?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  text?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type TokenUsageResolvers<ContextType = Context, ParentType extends ResolversParentTypes['TokenUsage'] = ResolversParentTypes['TokenUsage']> = {
  completionTokens?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  promptTokens?: Resolver<Maybe<ResolversTypes['Int']>, ParentType, ContextType>;
};

export type ViewerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Viewer'] = ResolversParentTypes['Viewer']> = {
  conversations?: Resolver<ResolversTypes['ConversationConnection'], ParentType, ContextType, Partial<ViewerConversationsArgs>>;
  generations?: Resolver<ResolversTypes['GenerationConnection'], ParentType, ContextType, Partial<ViewerGenerationsArgs>>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  limits?: Resolver<ResolversTypes['ViewerLimits'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  role?: Resolver<ResolversTypes['ViewerRole'], ParentType, ContextType>;
  usage?: Resolver<ResolversTypes['ViewerUsage'], ParentType, ContextType>;
  usageByDay?: Resolver<Array<ResolversTypes['DailyUsage']>, ParentType, ContextType, RequireFields<ViewerUsageByDayArgs, 'last'>>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type ViewerLimitsResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ViewerLimits'] = ResolversParentTypes['ViewerLimits']> = {
  generationsAtOnce?: Resolver<Maybe<ResolversTypes['Allowance']>, ParentType, ContextType>;
  operationsPerSecond?: Resolver<Maybe<ResolversTypes['Allowance']>, ParentType, ContextType>;
  tokensPerDay?: Resolver<Maybe<ResolversTypes['Allowance']>, ParentType, ContextType>;
  tokensPerMonth?: Resolver<Maybe<ResolversTypes['Allowance']>, ParentType, ContextType>;
};

export type ViewerUsageResolvers<ContextType = Context, ParentType extends ResolversParentTypes['ViewerUsage'] = ResolversParentTypes['ViewerUsage']> = {
  completionTokens?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  generations?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  promptTokens?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type Resolvers<ContextType = Context> = {
  Allowance?: AllowanceResolvers<ContextType>;
  ApiKey?: ApiKeyResolvers<ContextType>;
  ApiKeyConnection?: ApiKeyConnectionResolvers<ContextType>;
  ApiKeyEdge?: ApiKeyEdgeResolvers<ContextType>;
  AttemptStarted?: AttemptStartedResolvers<ContextType>;
  AuditEvent?: AuditEventResolvers<ContextType>;
  AuditEventConnection?: AuditEventConnectionResolvers<ContextType>;
  AuditEventEdge?: AuditEventEdgeResolvers<ContextType>;
  Backend?: BackendResolvers<ContextType>;
  CancelGenerationPayload?: CancelGenerationPayloadResolvers<ContextType>;
  Conversation?: ConversationResolvers<ContextType>;
  ConversationConnection?: ConversationConnectionResolvers<ContextType>;
  ConversationEdge?: ConversationEdgeResolvers<ContextType>;
  CreateApiKeyPayload?: CreateApiKeyPayloadResolvers<ContextType>;
  CreateConversationPayload?: CreateConversationPayloadResolvers<ContextType>;
  CreateShareLinkPayload?: CreateShareLinkPayloadResolvers<ContextType>;
  Cursor?: GraphQLScalarType;
  DailyUsage?: DailyUsageResolvers<ContextType>;
  Date?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  DeleteConversationPayload?: DeleteConversationPayloadResolvers<ContextType>;
  GeneratePayload?: GeneratePayloadResolvers<ContextType>;
  Generation?: GenerationResolvers<ContextType>;
  GenerationConnection?: GenerationConnectionResolvers<ContextType>;
  GenerationEdge?: GenerationEdgeResolvers<ContextType>;
  GenerationEnded?: GenerationEndedResolvers<ContextType>;
  GenerationError?: GenerationErrorResolvers<ContextType>;
  GenerationEvent?: GenerationEventResolvers<ContextType>;
  GenerationQueued?: GenerationQueuedResolvers<ContextType>;
  Message?: MessageResolvers<ContextType>;
  MessageConnection?: MessageConnectionResolvers<ContextType>;
  MessageEdge?: MessageEdgeResolvers<ContextType>;
  Model?: ModelResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  Node?: NodeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  RenameConversationPayload?: RenameConversationPayloadResolvers<ContextType>;
  RevokeApiKeyPayload?: RevokeApiKeyPayloadResolvers<ContextType>;
  RevokeShareLinkPayload?: RevokeShareLinkPayloadResolvers<ContextType>;
  SendMessagePayload?: SendMessagePayloadResolvers<ContextType>;
  Service?: ServiceResolvers<ContextType>;
  SetVisibilityPayload?: SetVisibilityPayloadResolvers<ContextType>;
  ShareLink?: ShareLinkResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  TextAppended?: TextAppendedResolvers<ContextType>;
  TokenUsage?: TokenUsageResolvers<ContextType>;
  Viewer?: ViewerResolvers<ContextType>;
  ViewerLimits?: ViewerLimitsResolvers<ContextType>;
  ViewerUsage?: ViewerUsageResolvers<ContextType>;
};

export type DirectiveResolvers<ContextType = Context> = {
  viewerDependent?: ViewerDependentDirectiveResolver<any, any, ContextType>;
};
