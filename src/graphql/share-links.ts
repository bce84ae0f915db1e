import { mayChange } from '../domain/access.ts';
import { forbidden } from '../domain/errors.ts';
import type { ShareLink } from '../domain/sharing.ts';
import type { Context } from './context.ts';

/** The links to something that belongs to `ownerId`. @throws MillraceError `FORBIDDEN` */
export function shareLinks(id: string, ownerId: string, { viewer, loaders }: Context): Promise<ShareLink[]> {
  if (!mayChange(viewer, ownerId))
    throw forbidden(`Only its owner, as a MEMBER, and admins may see the links to ${id}.`);
  return loaders.shareLinks.load(id);
}
