/** What the page shows, the same for all servers: conversations of one viewer, each with a reply that is being written. */
import type { Conversation, Message, Viewer } from '../../src/domain/conversation.ts';
import type { Entry } from '../../src/domain/entry.ts';
import type { Generation } from '../../src/domain/generation.ts';

const count = 20;
const began = Date.parse('2026-11-22T12:00:00.000Z');

/** Whom Millrace takes everybody for where `auth.mode` is none. */
export const viewer: Viewer = { id: 'usr_local', name: 'Local', role: 'ADMIN' };
export const model = { id: 'bench', name: 'Bench', status: 'OFFLINE' } as const;

const each = <Row>(row: (number: string, at: number) => Row): Row[] =>
  Array.from({ length: count }, (_, i) =>
    row(`01m5bench${String(i).padStart(2, '0')}`.padEnd(26, '0'), began - i * 60_000),
  );

/** The last changed first. */
export const conversations: readonly Conversation[] = each((number, at) => ({
  id: `conv_${number}`,
  ownerId: viewer.id,
  title: 'What it was about the whale that above all things appalled me',
  lastMessageId: `msg_${number}`,
  activeGenerationId: `gen_${number}`,
  characters: 60,
  visibility: 'PRIVATE',
  createdAt: at,
  updatedAt: at,
}));

export const messages: readonly Message[] = each((number, at) => ({
  id: `msg_${number}`,
  conversationId: `conv_${number}`,
  role: 'ASSISTANT',
  text: null,
  authorId: viewer.id,
  generationId: `gen_${number}`,
  replyToId: null,
  createdAt: at,
}));

export const generations: readonly Generation[] = each((number, at) => ({
  id: `gen_${number}`,
  viewerId: viewer.id,
  modelId: model.id,
  status: 'RUNNING',
  parameters: {},
  onDisconnect: 'CONTINUE',
  messageId: `msg_${number}`,
  conversationId: `conv_${number}`,
  visibility: 'PRIVATE',
  attempts: 1,
  text: '',
  finishReason: null,
  usage: null,
  error: null,
  course: null,
  createdAt: at,
  startedAt: at,
  firstTokenAt: at,
  endedAt: null,
}));

/** What each generation has written so far. */
export const text = 'It was the whiteness of the whale that above all things appalled me.';

/** The same as its log has it. */
export const entries: readonly Entry[] = [
  { type: 'queued', at: began },
  { type: 'attemptStarted', at: began, attempt: 1, backend: 'bench', keptLength: 0, keptTokens: 0 },
  { type: 'textAppended', at: began, position: 0, text, tokens: 13 },
];

/** Where a conversation stands in the list, as clients get it. */
export const positionOf = ({ updatedAt, id }: Conversation): string =>
  Buffer.from(`${updatedAt} ${id}`).toString('base64url');

/** Looks rows up by their ids, as a database would: all that there are, in one go. */
export function byIds<Row extends { readonly id: string }>(
  rows: readonly Row[],
): (ids: readonly string[]) => Promise<Row[]> {
  const known = new Map(rows.map((row) => [row.id, row]));
  return async (ids) => ids.flatMap((id) => known.get(id) ?? []);
}
