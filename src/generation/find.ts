import DataLoader from 'dataloader';
import { mayChange, mayGenerate, mayReadConversation, mayReadGeneration } from '../domain/access.ts';
import type { Conversation, Viewer } from '../domain/conversation.ts';
import { forbidden, notFound } from '../domain/errors.ts';
import type { Generation } from '../domain/generation.ts';
import type { Store } from '../store/store.ts';

const idsAtOnce = 1_000;

/** The records by which it is decided who may read what. */
export interface Readables {
  readonly generations: Pick<Store['generations'], 'byIds'>;
  readonly conversations: Pick<Store['conversations'], 'byIds'>;
}

/**
 * The same, asked in one statement for all who ask in the same turn of the event loop, as thousands do who come back at
 * once. It is still decided for each of them.
 */
export const askedTogether = ({ generations, conversations }: Readables): Readables => ({
  generations: { byIds: together(generations.byIds) },
  conversations: { byIds: together(conversations.byIds) },
});

type ByIds<Row> = (ids: readonly string[]) => Promise<Row[]>;

function together<Row extends { readonly id: string }>(byIds: ByIds<Row>): ByIds<Row> {
  const load = async (ids: readonly string[]) => {
    const rows = new Map((await byIds([...new Set(ids)])).map((row) => [row.id, row]));
    return ids.map((id) => rows.get(id));
  };
  const loader = new DataLoader(load, { cache: false, maxBatchSize: idsAtOnce, batchScheduleFn: setImmediate });
  return async (ids) => (await Promise.all(ids.map((id) => loader.load(id)))).filter((row) => row !== undefined);
}

/** The generation of this id. @throws MillraceError `NOT_FOUND` where there is none that the viewer may read */
export async function readableGeneration(store: Readables, viewer: Viewer, id: string): Promise<Generation> {
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
