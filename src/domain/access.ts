import type { Conversation, Viewer } from './conversation.ts';
import type { Generation } from './generation.ts';

// Every decision on who may do what. What one may not see is not there (`NOT_FOUND`, or null); what one sees and may
// not do is `FORBIDDEN`.

/** Whether what belongs to `ownerId` is the viewer's by right: as its owner, or as an admin. */
export const isTheirs = (viewer: Viewer, ownerId: string): boolean => viewer.role === 'ADMIN' || viewer.id === ownerId;

/** Whether a viewer may start generations and conversations, and write in those that they may change. */
export const mayGenerate = (viewer: Viewer): boolean => viewer.role !== 'READER';

/** Whether a viewer may change, end, delete and share what belongs to `ownerId`. */
export const mayChange = (viewer: Viewer, ownerId: string): boolean =>
  viewer.role !== 'READER' && isTheirs(viewer, ownerId);

/** Whether a viewer may see more of the viewer `id` than their name, which stands on what they share: role, lists, usage. */
export const mayReadViewer = (viewer: Viewer, id: string): boolean => isTheirs(viewer, id);

/** Whether a viewer may see and do what concerns the server as a whole: backends, API keys, the audit log. */
export const mayOversee = (viewer: Viewer): boolean => viewer.role === 'ADMIN';

/** Whether a viewer may read a conversation, and all that is said in it. */
export function mayReadConversation(viewer: Viewer, { id, ownerId, visibility }: Conversation): boolean {
  if (viewer.only !== undefined) return viewer.only === id;
  return isTheirs(viewer, ownerId) || visibility === 'SIGNED_IN';
}

/**
 * Whether a viewer may read a generation, its log included. Whoever may read a conversation may read what is generated in
 * it; not the other way round. A promise only where it is asked for: a page has many.
 *
 * @param findConversation asked only where the generation itself does not tell
 */
export function mayReadGeneration(
  viewer: Viewer,
  { id, viewerId, conversationId, visibility }: Generation,
  findConversation: (id: string) => Promise<Conversation | null | undefined>,
): boolean | Promise<boolean> {
  if (viewer.only !== undefined) return viewer.only === id || viewer.only === conversationId;
  if (isTheirs(viewer, viewerId) || visibility === 'SIGNED_IN') return true;
  if (conversationId === null) return false;
  const mayRead = (found: Conversation | null | undefined) => !!found && mayReadConversation(viewer, found);
  return findConversation(conversationId).then(mayRead);
}

/** Whether it is by its visibility alone that a viewer may read what belongs to `ownerId`: that can be taken back. */
export const readsByVisibility = (viewer: Viewer, ownerId: string): boolean =>
  viewer.only === undefined && !isTheirs(viewer, ownerId);
