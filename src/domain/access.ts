import type { Viewer } from './conversation.ts';

/** Whether a viewer may see, and change, what belongs to `ownerId`. What one may not see is not there: `NOT_FOUND`. */
export const mayAccess = (viewer: Viewer, ownerId: string): boolean => viewer.role === 'ADMIN' || viewer.id === ownerId;
