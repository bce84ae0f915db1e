import { afterEach, beforeEach } from 'vitest';
import type { ApiKey } from '../../../src/domain/api-key.ts';
import type { Conversation, Viewer } from '../../../src/domain/conversation.ts';
import type { Outcome } from '../../../src/domain/generation.ts';
import { newId } from '../../../src/domain/ids.ts';
import type { Account } from '../../../src/domain/quota.ts';
import type { GenerationDraft, Store } from '../../../src/store/store.ts';

export type Open = (options?: { onQuery?: (statement: string) => void }) => Promise<Store>;

export const ann: Viewer = { id: 'usr_ann', name: 'Ann', role: 'MEMBER' };
export const bob: Viewer = { id: 'usr_bob', name: 'Bob', role: 'ADMIN' };

/** An open store that knows Ann and Bob, for each test of the block it is called in; `statements` are those since. */
export function useStore(open: Open): { readonly store: Store; readonly statements: string[] } {
  let store: Store | undefined;
  const statements: string[] = [];
  beforeEach(async () => {
    store = await open({ onQuery: (statement) => statements.push(statement) });
    await store.viewers.put(ann);
    await store.viewers.put(bob);
    statements.length = 0;
  });
  afterEach(() => store?.close());
  return {
    get store() {
      if (!store) throw new Error('no store is open outside a test');
      return store;
    },
    statements,
  };
}

interface DraftOptions {
  id?: string;
  viewerId?: string;
  modelId?: string;
  createdAt?: number;
  key?: string | null;
  fingerprint?: string;
  /** Without limits where left out. */
  account?: Partial<Account>;
  reservedTokens?: number;
  promptEstimate?: number;
  generationsAtOnce?: number;
}

/** A generation on a prompt of its own. */
export function draft(options: DraftOptions = {}): GenerationDraft {
  const { id = newId('gen'), viewerId = ann.id, modelId = 'whale', createdAt = 1000 } = options;
  const { key = null, fingerprint = 'call me', generationsAtOnce = null } = options;
  const { reservedTokens = 0, promptEstimate = 0 } = options;
  return {
    generation: { id, viewerId, modelId, parameters: {}, onDisconnect: 'CONTINUE', createdAt },
    messages: [{ role: 'USER', text: 'Call me' }],
    reply: null,
    account: { id: viewerId, tokensPerDay: null, tokensPerMonth: null, ...options.account },
    reservedTokens,
    promptEstimate,
    generationsAtOnce,
    idempotencyKey: key,
    fingerprint,
  };
}

/** A viewer's message in a conversation, and the reply to it. */
export function replyDraft(conversationId: string, text = 'Hello', options: DraftOptions & { title?: string } = {}) {
  const { title = '', ...rest } = options;
  const messageId = newId('msg');
  const reply = { conversationId, messageId, text, replyId: newId('msg'), title, mostCharacters: 1_000_000 };
  return { ...draft(rest), messages: null, reply } satisfies GenerationDraft;
}

export function outcome(changes: Partial<Outcome> = {}): Outcome {
  return {
    status: 'COMPLETED',
    attempts: 1,
    text: 'Ishmael.',
    finishReason: 'STOP',
    usage: { promptTokens: 2, completionTokens: 3 },
    error: null,
    course: { epoch: 'e', offset: 4, attempts: [{ offset: 2, attempt: 1, backend: 'b', keptLength: 0 }] },
    startedAt: 1100,
    firstTokenAt: 1200,
    endedAt: 2000,
    ...changes,
  };
}

export async function createConversation(store: Store, changes: Partial<Conversation> = {}): Promise<Conversation> {
  const conversation: Conversation = {
    id: newId('conv'),
    ownerId: ann.id,
    title: '',
    lastMessageId: null,
    activeGenerationId: null,
    characters: 0,
    visibility: 'PRIVATE',
    createdAt: 500,
    updatedAt: 500,
    ...changes,
  };
  await store.conversations.create(conversation);
  return conversation;
}

/** A key of Ann's, that nobody has stored yet. */
export function newKey(changes: Partial<ApiKey> = {}): ApiKey {
  const times = { createdAt: 1_795_000_000_123, expiresAt: null, revokedAt: null, lastUsedAt: null };
  const quota = { tokensPerDay: null, tokensPerMonth: 9_000_000_000 };
  return { id: newId('key'), viewerId: ann.id, name: 'Robot', role: 'READER', ...quota, ...times, ...changes };
}

export async function generationOf(store: Store, id: string) {
  const [generation] = await store.generations.byIds([id]);
  if (!generation) throw new Error(`${id} is not there`);
  return generation;
}

export async function conversationOf(store: Store, id: string) {
  const [conversation] = await store.conversations.byIds([id]);
  if (!conversation) throw new Error(`${id} is not there`);
  return conversation;
}
