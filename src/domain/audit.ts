import { newId } from './ids.ts';

/** What is written down for good reason: who was refused, who may come in, and what admins do with what is others'. */
export const auditKinds = [
  'SIGN_IN_FAILED',
  'KEY_CREATED',
  'KEY_REVOKED',
  'GENERATION_CANCELLED',
  'MESSAGE_SENT',
  'CONVERSATION_RENAMED',
  'CONVERSATION_DELETED',
  'VISIBILITY_CHANGED',
  'LINK_CREATED',
  'LINK_REVOKED',
] as const;

export type AuditKind = (typeof auditKinds)[number];

export interface AuditEvent {
  /** `evt_…` */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: AuditKind;
  /** Id of the viewer who did it; null where that is nobody known, or the command line. */
  readonly actorId: string | null;
  /** Id of what it was done to; null where there is none. */
  readonly subjectId: string | null;
  /** Where it was done from; null where that is not known. */
  readonly ip: string | null;
  /** Whatever else there is to say. Never a secret, a prompt or a token. */
  readonly detail: Readonly<Record<string, string | number | null>>;
}

/** Something that happens now, as an event; who and what are null unless they are given. */
export function auditEvent(kind: AuditKind, given: Partial<Omit<AuditEvent, 'id' | 'kind'>> = {}): AuditEvent {
  const at = given.at ?? Date.now();
  return { id: newId('evt', at), kind, actorId: null, subjectId: null, ip: null, detail: {}, ...given, at };
}
