import type { ColumnType, Generated, Selectable } from 'kysely';
import type { ApiKey } from '../domain/api-key.ts';
import type { AuditEvent, AuditKind } from '../domain/audit.ts';
import type { Conversation, Message, Viewer, ViewerRole } from '../domain/conversation.ts';
import type { FinishReason, GenerationStatus } from '../domain/entry.ts';
import type { DisconnectPolicy, Generation, Role } from '../domain/generation.ts';
import type { ShareLink, Visibility } from '../domain/sharing.ts';

/** A 64-bit integer: a count, or milliseconds since 1970. Postgres gives these as strings, so a mapping reads them. */
type Big = ColumnType<number | string, number, number>;
type BigOrNull = ColumnType<number | string | null, number | null, number | null>;

/** The tables as SQLite and Postgres both have them: text, numbers, and JSON as text. */
export interface Tables {
  viewers: { id: string; name: string; role: ViewerRole };
  conversations: ConversationTable;
  messages: MessageTable;
  generations: GenerationTable;
  daily_usage: DailyUsageTable;
  viewer_usage: { viewer_id: string; generations: Big; prompt_tokens: Big; completion_tokens: Big };
  model_totals: { model_id: string; processed: Big; completed: Big };
  model_samples: SampleTable;
  share_links: LinkTable;
  api_keys: KeyTable;
  audit_events: AuditTable;
}

interface ConversationTable {
  id: string;
  owner_id: string;
  title: string;
  last_message_id: string | null;
  active_generation_id: string | null;
  characters: Big;
  visibility: Generated<Visibility>;
  created_at: Big;
  updated_at: Big;
}

interface MessageTable {
  id: string;
  conversation_id: string;
  role: Role;
  author_id: string | null;
  generation_id: string | null;
  reply_to_id: string | null;
  created_at: Big;
  text: string | null;
}

interface GenerationTable {
  id: string;
  viewer_id: string;
  model_id: string;
  status: GenerationStatus;
  parameters: string;
  on_disconnect: DisconnectPolicy;
  conversation_id: string | null;
  message_id: string | null;
  visibility: Generated<Visibility>;
  idempotency_key: string | null;
  fingerprint: string;
  attempts: number;
  finish_reason: FinishReason | null;
  prompt_tokens: number | null;
  /** Null until it has ended, and then never. */
  completion_tokens: number | null;
  error: string | null;
  created_at: Big;
  started_at: BigOrNull;
  first_token_at: BigOrNull;
  ended_at: BigOrNull;
  course: string | null;
  messages: string | null;
  text: string;
  reserved_tokens: Big;
  prompt_estimate: Big;
  /** Null in rows of a version without quotas: the viewer's. */
  account_id: string | null;
}

/** What ended generations took, by the UTC day when they were accepted, counted from 1970-01-01. */
interface DailyUsageTable {
  viewer_id: string;
  day: number;
  model_id: string;
  account_id: string;
  generations: Big;
  prompt_tokens: Big;
  completion_tokens: Big;
  /** Of prompts whose tokens nobody has told: for quotas alone. */
  estimated_tokens: Big;
}

/** How fast the last completed generations of a model were: a ring, the slot is the count modulo its size. */
interface SampleTable {
  model_id: string;
  slot: number;
  tokens_per_second: number | null;
  time_to_first_token_ms: number | null;
}

interface LinkTable {
  id: string;
  target_id: string;
  /** Of the token, which is kept nowhere. */
  hash: string;
  created_at: Big;
  expires_at: BigOrNull;
  revoked_at: BigOrNull;
}

interface KeyTable {
  id: string;
  viewer_id: string;
  name: string;
  role: ViewerRole;
  secret_hash: string;
  tokens_per_day: BigOrNull;
  tokens_per_month: BigOrNull;
  created_at: Big;
  expires_at: BigOrNull;
  revoked_at: BigOrNull;
  last_used_at: BigOrNull;
}

interface AuditTable {
  id: string;
  at: Big;
  kind: AuditKind;
  actor_id: string | null;
  subject_id: string | null;
  ip: string | null;
  detail: string;
}

/** What the domain sees of a generation; the prompt, which may be long, is read on its own. */
export const generationColumns = [
  'id',
  'viewer_id',
  'model_id',
  'status',
  'parameters',
  'on_disconnect',
  'conversation_id',
  'message_id',
  'visibility',
  'attempts',
  'finish_reason',
  'prompt_tokens',
  'completion_tokens',
  'error',
  'created_at',
  'started_at',
  'first_token_at',
  'ended_at',
  'course',
  'text',
] as const satisfies readonly (keyof GenerationTable)[];

/** A row of `generations` as the domain knows it. */
export function toGeneration(row: Pick<Selectable<GenerationTable>, (typeof generationColumns)[number]>): Generation {
  return {
    id: row.id,
    viewerId: row.viewer_id,
    modelId: row.model_id,
    status: row.status,
    parameters: JSON.parse(row.parameters),
    onDisconnect: row.on_disconnect,
    messageId: row.message_id,
    conversationId: row.conversation_id,
    visibility: row.visibility,
    attempts: row.attempts,
    text: row.text,
    finishReason: row.finish_reason,
    usage:
      row.completion_tokens === null
        ? null
        : { promptTokens: row.prompt_tokens, completionTokens: row.completion_tokens },
    error: parseOrNull(row.error),
    course: parseOrNull(row.course),
    createdAt: Number(row.created_at),
    startedAt: numberOrNull(row.started_at),
    firstTokenAt: numberOrNull(row.first_token_at),
    endedAt: numberOrNull(row.ended_at),
  };
}

/** A row of `conversations` as the domain knows it. */
export function toConversation(row: Selectable<ConversationTable>): Conversation {
  return {
    id: row.id,
    ownerId: row.owner_id,
    title: row.title,
    lastMessageId: row.last_message_id,
    activeGenerationId: row.active_generation_id,
    characters: Number(row.characters),
    visibility: row.visibility,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  };
}

/** A row of `messages` as the domain knows it. */
export function toMessage(row: Selectable<MessageTable>): Message {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    role: row.role,
    text: row.text,
    authorId: row.author_id,
    generationId: row.generation_id,
    replyToId: row.reply_to_id,
    createdAt: Number(row.created_at),
  };
}

/** A row of `api_keys` as the domain knows it. */
export const toKey = (row: Omit<Selectable<KeyTable>, 'secret_hash'>): ApiKey => ({
  id: row.id,
  viewerId: row.viewer_id,
  name: row.name,
  role: row.role,
  tokensPerDay: numberOrNull(row.tokens_per_day),
  tokensPerMonth: numberOrNull(row.tokens_per_month),
  createdAt: Number(row.created_at),
  expiresAt: numberOrNull(row.expires_at),
  revokedAt: numberOrNull(row.revoked_at),
  lastUsedAt: numberOrNull(row.last_used_at),
});

/** A row of `audit_events` as the domain knows it. */
export const toAuditEvent = (row: Selectable<AuditTable>): AuditEvent => ({
  id: row.id,
  at: Number(row.at),
  kind: row.kind,
  actorId: row.actor_id,
  subjectId: row.subject_id,
  ip: row.ip,
  detail: JSON.parse(row.detail),
});

/** A row of `viewers` as the domain knows it. */
export const toViewer = ({ id, name, role }: Selectable<Tables['viewers']>): Viewer => ({ id, name, role });

/** A row of `share_links` as the domain knows it. */
export const toLink = (row: Selectable<LinkTable>): ShareLink => ({
  id: row.id,
  targetId: row.target_id,
  createdAt: Number(row.created_at),
  expiresAt: numberOrNull(row.expires_at),
  revokedAt: numberOrNull(row.revoked_at),
});

const numberOrNull = (value: number | string | null) => (value === null ? null : Number(value));
const parseOrNull = (json: string | null) => (json === null ? null : JSON.parse(json));
