import type { ApiKey } from '../domain/api-key.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { Viewer, ViewerRole } from '../domain/conversation.ts';
import type { Page, PageRequest } from '../store/store.ts';

/** Somebody who was let in, and on what grounds. */
export interface Session {
  readonly viewer: Viewer;
  /** Id of the API key or link that was shown; null where it was neither. */
  readonly credentialId: string | null;
  /** When it ends by itself, in milliseconds since 1970; null where it does not. */
  readonly expiresAt: number | null;
}

/** What a client shows, and where it comes from. */
export interface Credentials {
  /** The token, without the word `Bearer`; undefined where none was shown. Secret: never logged. */
  readonly token: string | undefined;
  /** The client's address, for the audit log. */
  readonly ip: string;
  /** Whether it is somebody who was let in with the same token before, and is still there. */
  readonly again?: boolean;
}

/** Decides who comes in. */
export interface Authenticator {
  /**
   * Who shows these credentials. Cheap to call for every request.
   * @throws MillraceError `UNAUTHENTICATED` where they are missing, wrong, expired or revoked; `UNAVAILABLE` where that
   *   can't be found out now; `RATE_LIMITED` where too many wrong ones came from this address
   */
  authenticate(credentials: Credentials): Promise<Session>;

  /**
   * Calls `onEnd` once when the session has expired, or its key or link was revoked on any node, at most 5 s after
   * that. Gives what ends the watch.
   */
  watch(session: Session, onEnd: () => void): () => void;

  /** Ends all watches without a call. */
  close(): void;
}

/** The verbs of API keys; whether `by` may use them is the caller's to ask. */
export interface ApiKeys {
  /**
   * Makes a key. `token` is what its holder shows, and is nowhere to be had again.
   * @throws MillraceError `BAD_USER_INPUT`; `NOT_FOUND` where there is no such viewer
   */
  create(input: NewApiKey, by: Actor): Promise<{ readonly key: ApiKey; readonly token: string }>;

  /** Ends a key and, within 5 s and on every node, all that is open with it. @throws MillraceError `NOT_FOUND` */
  revoke(id: string, by: Actor): Promise<ApiKey>;

  /** All keys, newest first. */
  page(page: PageRequest): Promise<Page<ApiKey>>;
}

export interface NewApiKey {
  readonly name: string;
  readonly role: ViewerRole;
  /** Whose it is to be; null for a new viewer, of the key's name and role. */
  readonly viewerId: string | null;
  /** Milliseconds since 1970; null where it does not expire. */
  readonly expiresAt: number | null;
  /** A quota of its own; what is left out, or null, is as for all viewers. Neither: it counts as its viewer's. */
  readonly tokensPerDay?: number | null;
  readonly tokensPerMonth?: number | null;
}

/** Who does something, for the audit log. */
export type Actor = Pick<AuditEvent, 'actorId' | 'ip'>;

/** The token of an `Authorization: Bearer …` header; undefined where there is none. */
export const bearer = (header: string | null | undefined): string | undefined =>
  /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];
