import type { ViewerRole } from './conversation.ts';

/** What is known of an API key; its secret is known to its holder alone. Times are milliseconds since 1970. */
export interface ApiKey {
  /** `key_…` */
  readonly id: string;
  /** Whose it is: whoever shows it is this viewer. */
  readonly viewerId: string;
  /** For people to tell it from others. */
  readonly name: string;
  /** What may be done with it. */
  readonly role: ViewerRole;
  /** A quota of its own, in tokens by UTC day and month, in the place of its viewer's; null where it has none. */
  readonly tokensPerDay: number | null;
  readonly tokensPerMonth: number | null;
  readonly createdAt: number;
  /** From when on it is refused; null where it does not expire. */
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** To the minute; null where it never was. */
  readonly lastUsedAt: number | null;
}
