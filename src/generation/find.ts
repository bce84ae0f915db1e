import { mayChange, mayGenerate, mayReadConversation, mayReadGeneration } from '../domain/access.ts';
import type { Conversation, Viewer } from '../domain/conversation.ts';
import { forbidden, notFound } from '../domain/errors.ts';
import type { Generation } from '../domain/generation.ts';
import type { Store } from '../store/store.ts';

/** The generation of this id. @throws MillraceError `NOT_FOUND` where there is none that the viewer may read */
export async function readableGeneration(store: Store, viewer: Viewer, id: string): Promise<Generation> {
  const [row] = await store.generations.byIds([id]);
  const findConversation = async (conversationId: string) => (await store.conversations.byIds([conversationId]))[0];
  if (row && (await mayReadGeneration(viewer, row, findConversation))) return row;
  throw notFound(`The generation ${id}`);
}

/** The conversation of this id. @throws MillraceError `NOT_FOUND` where there is none that the viewer may read */
export async function readableConversation(store: Store, viewer: Viewer, id: string): Promise<Conversation> {
  const [row] = await store.conversations.byIds([id]);
  if (row && mayReadConversation(viewer, row)) return row;
  throw notFound(`The conversation ${id}`);
}

/** The generation of this id. @throws MillraceError `NOT_FOUND`; `FORBIDDEN` where the viewer may only read it */
export async function changeableGeneration(store: Store, viewer: Viewer, id: string): Promise<Generation> {
  const row = await readableGeneration(store, viewer, id);
  checkMayChange(viewer, row.viewerId, `the generation ${id}`);
  return row;
}

/** The conversation of this id. @throws MillraceError `NOT_FOUND`; `FORBIDDEN` where the viewer may only read it */
export async function changeableConversation(store: Store, viewer: Viewer, id: string): Promise<Conversation> {
  const row = await readableConversation(store, viewer, id);
  checkMayChange(viewer, row.ownerId, `the conversation ${id}`);
  return row;
}

function checkMayChange(viewer: Viewer, ownerId: string, what: string): void {
  if (mayChange(viewer, ownerId)) return;
  if (!mayGenerate(viewer)) throw forbidden(`This needs the role MEMBER or ADMIN. Your role is ${viewer.role}.`);
  throw forbidden(`What you see of ${what} is shared with you: only its owner and admins may change it.`);
}

/** @throws MillraceError `FORBIDDEN` where the viewer's role generates nothing */
export function checkMayGenerate(viewer: Viewer): void {
  if (mayGenerate(viewer)) return;
  throw forbidden(`This needs the role MEMBER or ADMIN. Your role is ${viewer.role}, which reads only.`);
}
