import type { ApiKeys } from '../auth/auth.ts';
import type { Viewer } from '../domain/conversation.ts';
import type { Conversations, Generations, Models, Quotas, Sharing } from '../generation/generation.ts';
import type { Store } from '../store/store.ts';
import { AnswerText, charactersOfAnswer } from './answer-text.ts';
import { createLoaders, type Loaders } from './loaders.ts';
import type { OperationRates } from './rates.ts';

/** What resolvers work on: the verbs, the records, and the models as they are. One for the whole server. */
export interface Services {
  readonly generations: Generations;
  readonly conversations: Conversations;
  readonly quotas: Quotas;
  readonly sharing: Sharing;
  readonly store: Store;
  readonly keys: ApiKeys;
  readonly models: Models;
  readonly rates: OperationRates;
  readonly service: ServiceFacts;
}

export interface ServiceFacts {
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** What one operation works in. */
export interface Context extends Services {
  readonly viewer: Viewer;
  /** Where the viewer is. */
  readonly ip: string;
  /** Each event of a subscription has fresh ones: what is loaded is true for one answer only. */
  loaders: Loaders;
  /** What the texts of an answer go through; fresh ones like the loaders. */
  texts: AnswerText;
}

export function createContext(services: Services, { viewer, ip }: Pick<Context, 'viewer' | 'ip'>): Context {
  return {
    ...services,
    viewer,
    ip,
    loaders: createLoaders(services, viewer),
    texts: new AnswerText(charactersOfAnswer),
  };
}
