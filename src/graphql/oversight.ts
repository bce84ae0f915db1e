import { mayOversee } from '../domain/access.ts';
import { type AuditEvent, type AuditKind, auditEvent } from '../domain/audit.ts';
import type { Viewer } from '../domain/conversation.ts';
import { forbidden } from '../domain/errors.ts';
import { idPrefix } from '../domain/ids.ts';
import type { Context } from './context.ts';

/** @throws MillraceError `FORBIDDEN` where the viewer is no admin */
export function onlyAdmins(viewer: Viewer, what: string): void {
  if (!mayOversee(viewer)) throw forbidden(`Only admins may ${what}.`);
}

interface Change {
  readonly ownerId: string;
  /** Id of what was changed. */
  readonly subjectId: string;
  /** Whatever else there is to say of it. */
  readonly detail?: AuditEvent['detail'];
}

/** Writes down that somebody has changed what is another's. What one does with one's own is nobody's business. */
export async function writeDown(
  { viewer, ip, store }: Context,
  kind: AuditKind,
  { ownerId, subjectId, detail }: Change,
): Promise<void> {
  if (ownerId === viewer.id) return;
  await store.audit.add(auditEvent(kind, { actorId: viewer.id, ip, subjectId, detail: { ownerId, ...detail } }));
}

/** The owner of a conversation or generation that an admin changes; anybody else can change only what is their own. */
export async function ownerOf(id: string, { viewer, loaders }: Context): Promise<string> {
  if (!mayOversee(viewer)) return viewer.id;
  if (idPrefix(id) === 'gen') return (await loaders.generations.load(id))?.viewerId ?? viewer.id;
  return (await loaders.conversations.load(id))?.ownerId ?? viewer.id;
}
