import type { Role } from './generation.ts';
import type { Account } from './quota.ts';
import type { Visibility } from './sharing.ts';

export interface Conversation {
  readonly id: string;
  readonly ownerId: string;
  /** Empty until there is one. */
  readonly title: string;
  readonly lastMessageId: string | null;
  /** The reply that is queued or running. */
  readonly activeGenerationId: string | null;
  /** UTF-16 code units of all its messages; a reply counts once it has ended. */
  readonly characters: number;
  readonly visibility: Visibility;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Message {
  readonly id: string;
  readonly conversationId: string;
  readonly role: Role;
  /** Null for the model's: its text is its generation's. */
  readonly text: string | null;
  readonly authorId: string | null;
  readonly generationId: string | null;
  /** The message that it answers; null for a person's. */
  readonly replyToId: string | null;
  readonly createdAt: number;
}

export type ViewerRole = 'ADMIN' | 'MEMBER' | 'READER';

export interface Viewer {
  readonly id: string;
  readonly name: string;
  readonly role: ViewerRole;
  /** Of who came by a link: id of the one generation or conversation that they may read. */
  readonly only?: string;
  /** Of who came by a key with a quota of its own: that; what is null in it is as for all viewers. */
  readonly account?: Account;
}
