import type { FinishReason, GenerationError, GenerationStatus, TokenUsage } from './entry.ts';
import type { Visibility } from './sharing.ts';

export type Role = 'SYSTEM' | 'USER' | 'ASSISTANT';

export interface ChatMessage {
  readonly role: Role;
  readonly text: string;
}

/** How to sample; what is left out is the backend's default. */
export interface Sampling {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
}

export type DisconnectPolicy = 'CONTINUE' | 'CANCEL';

/** Where an attempt began in the log: what a cursor needs to go on in the final text. */
export interface AttemptMark {
  readonly offset: number;
  readonly attempt: number;
  readonly backend: string;
  readonly keptLength: number;
}

/** What remains of a log when its entries are gone: its name, its attempts and the offset of `ended`. */
export interface Course {
  readonly epoch: string;
  readonly offset: number;
  readonly attempts: readonly AttemptMark[];
}

/** The row of one generation. Until it has ended, its log knows more than the row does. Times are ms since 1970. */
export interface Generation {
  readonly id: string;
  readonly viewerId: string;
  readonly modelId: string;
  readonly status: GenerationStatus;
  readonly parameters: Sampling;
  readonly onDisconnect: DisconnectPolicy;
  /** The reply that it writes, if it belongs to a conversation. */
  readonly messageId: string | null;
  readonly conversationId: string | null;
  readonly visibility: Visibility;
  readonly attempts: number;
  /** The final text; empty until it has ended. */
  readonly text: string;
  readonly finishReason: FinishReason | null;
  readonly usage: TokenUsage | null;
  readonly error: GenerationError | null;
  /** Null until it has ended. */
  readonly course: Course | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly firstTokenAt: number | null;
  readonly endedAt: number | null;
}

/** How a generation ended, as the store keeps it. */
export type Outcome = Pick<Generation, 'attempts' | 'text' | 'startedAt' | 'firstTokenAt'> & {
  readonly status: 'COMPLETED' | 'FAILED' | 'CANCELLED';
  readonly finishReason: FinishReason;
  readonly usage: TokenUsage;
  readonly error: GenerationError | null;
  readonly course: Course;
  readonly endedAt: number;
};

export const hasEnded = ({ status }: Pick<Generation, 'status'>): boolean =>
  status !== 'QUEUED' && status !== 'RUNNING';
