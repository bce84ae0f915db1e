/** Who may read something beside its owner and admins: nobody, or whoever is signed in. */
export type Visibility = 'PRIVATE' | 'SIGNED_IN';

/** So many links to one thing may be good at once. */
export const maxLinks = 100;

/** A link that admits whoever has its token to one generation or conversation, read only. Times are ms since 1970. */
export interface ShareLink {
  readonly id: string;
  /** Id of the generation or conversation. */
  readonly targetId: string;
  readonly createdAt: number;
  /** Null where it holds until it is revoked. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}
