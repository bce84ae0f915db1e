import type { Viewer } from '../domain/conversation.ts';

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

/** The token of an `Authorization: Bearer …` header; undefined where there is none. */
export const bearer = (header: string | null | undefined): string | undefined =>
  /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];
