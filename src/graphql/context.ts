import type { Viewer } from '../domain/conversation.ts';
import type { Model } from '../domain/model.ts';
import type { Conversations, Generations, Source } from '../generation/generation.ts';
import type { Store } from '../store/store.ts';
import { createLoaders, type Loaders } from './loaders.ts';

/** What resolvers work on: the verbs, the records, and the models as they are. One for the whole server. */
export interface Services {
  readonly generations: Generations;
  readonly conversations: Conversations;
  readonly store: Store;
  readonly models: Models;
  readonly service: { readonly version: string; readonly startedAt: number };
}

export interface Models {
  /** Every model as it is now, in the order of the configuration. */
  all(): readonly Model[];
  /** The ids of those that changed, all at first; of one model where `id` is given. */
  follow(id?: string): Source<string>;
}

/** What one operation works in. */
export interface Context extends Services {
  readonly viewer: Viewer;
  /** Each event of a subscription has fresh ones: what is loaded is true for one answer only. */
  loaders: Loaders;
}

export function createContext(services: Services, viewer: Viewer): Context {
  return { ...services, viewer, loaders: createLoaders(services, viewer) };
}
