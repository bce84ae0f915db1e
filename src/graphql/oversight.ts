import { mayAdminister } from '../domain/access.ts';
import { type AuditEvent, type AuditKind, auditEvent } from '../domain/audit.ts';
import type { Viewer } from '../domain/conversation.ts';
import { MillraceError } from '../domain/errors.ts';
import { idPrefix } from '../domain/ids.ts';
import type { Context } from './context.ts';

/** @throws MillraceError `FORBIDDEN` where the viewer is no admin */
export function onlyAdmins(viewer: Viewer, what: string): void {
  if (!mayAdminister(viewer)) throw new MillraceError('FORBIDDEN', `Only admins may ${what}.`);
}

/** Writes down that somebody has changed what is another's. What one does with one's own is nobody's business. */
export async function writeDown(
  { viewer, ip, store }: Context,
  kind: AuditKind,
  { ownerId, subjectId, ...more }: { readonly ownerId: string; readonly subjectId: string } & AuditEvent['detail'],
): Promise<void> {
  if (ownerId === viewer.id) return;
  await store.audit.add(auditEvent(kind, { actorId: viewer.id, ip, subjectId, detail: { ownerId, ...more } }));
}

/** The owner of what an admin is about to change; anybody else can change only what is their own. */
export async function ownerOf(id: string, { viewer, loaders }: Context): Promise<string> {
  if (!mayAdminister(viewer)) return viewer.id;
  const owner =
    idPrefix(id) === 'gen'
      ? (await loaders.generations.load(id))?.viewerId
      : (await loaders.conversations.load(id))?.ownerId;
  return owner ?? viewer.id;
}
