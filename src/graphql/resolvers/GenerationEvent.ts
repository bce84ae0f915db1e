import { encodeCursor } from '../../domain/cursor.ts';
import type { Entry } from '../../domain/entry.ts';
import { notFound } from '../../domain/errors.ts';
import type { Context } from '../context.ts';
import type { GenerationEventOf } from '../events.ts';
import type { Resolvers } from '../generated/resolvers.ts';

const typeNames = {
  queued: 'GenerationQueued',
  attemptStarted: 'AttemptStarted',
  textAppended: 'TextAppended',
  ended: 'GenerationEnded',
} as const satisfies Record<Entry['type'], string>;

/** What the four types share. */
const shared = {
  cursor: ({ generationId, event }: GenerationEventOf) => encodeCursor(generationId, event.position),
  generation: async ({ generationId }: GenerationEventOf, _args: unknown, { loaders }: Context) => {
    const generation = await loaders.generations.load(generationId);
    if (!generation) throw notFound(`The generation ${generationId}`);
    return generation;
  },
};

/** The entry of an event that is known to be of one type. */
function entryOf<Type extends Entry['type']>({ event: { entry } }: GenerationEventOf, type: Type) {
  if (entry.type !== type) throw new Error(`An entry of type ${entry.type} can't be resolved as ${type}.`);
  return entry as Extract<Entry, { type: Type }>;
}

export const events: Pick<
  Resolvers,
  'GenerationEvent' | 'GenerationQueued' | 'AttemptStarted' | 'TextAppended' | 'GenerationEnded'
> = {
  GenerationEvent: { __resolveType: ({ event }) => typeNames[event.entry.type] },
  GenerationQueued: {
    ...shared,
    queuePosition: ({ generationId }, _args, { loaders }) => loaders.queuePositions.load(generationId),
  },
  AttemptStarted: {
    ...shared,
    attempt: (event) => entryOf(event, 'attemptStarted').attempt,
    backend: (event) => entryOf(event, 'attemptStarted').backend,
    keptLength: (event) => entryOf(event, 'attemptStarted').keptLength,
  },
  TextAppended: {
    ...shared,
    position: (event) => entryOf(event, 'textAppended').position,
    text: (event, _args, { texts }) => texts.take(entryOf(event, 'textAppended').text),
  },
  GenerationEnded: {
    ...shared,
    status: (event) => entryOf(event, 'ended').status,
    finishReason: (event) => entryOf(event, 'ended').finishReason,
    usage: (event) => entryOf(event, 'ended').usage,
    error: (event) => entryOf(event, 'ended').error,
  },
};
