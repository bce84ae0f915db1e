import { mayChange, readsByVisibility } from '../domain/access.ts';
import { decodeCursor } from '../domain/cursor.ts';
import { notFound } from '../domain/errors.ts';
import { type Generation, hasEnded } from '../domain/generation.ts';
import { Attendances } from './attendance.ts';
import { cancel } from './cancel.ts';
import { Contents } from './contents.ts';
import { askedTogether, changeableGeneration, checkMayGenerate, readableGeneration } from './find.ts';
import { type FollowDeps, Follower } from './follow.ts';
import type { Following, Generations } from './generation.ts';
import { listGenerations } from './list.ts';
import { followMine } from './mine.ts';
import { lengthOf, promptMessages } from './prompt.ts';
import { readCurrent } from './read.ts';
import { SettledRows } from './settled-rows.ts';
import { draftOf, type SubmitDeps, submit } from './submit.ts';
import { whileReadable } from './while-readable.ts';

export type GenerationsDeps = SubmitDeps & FollowDeps;

/** The verbs on one set of parts. `close` before the connections are: their end then cancels nothing. */
export function createGenerations(deps: GenerationsDeps): Generations & { close(): void } {
  const { store, log } = deps;
  const readables = askedTogether(store);
  const settled = new SettledRows();
  const contents = new Contents(log);

  const attendances = new Attendances({
    bus: deps.bus,
    onError: deps.onError,
    async onAbandoned(id) {
      const generation = await find(id);
      if (generation) await cancel(deps, generation);
    },
  });

  async function find(id: string): Promise<Generation | undefined> {
    const [row] = await store.generations.byIds([id]);
    return row;
  }

  const byIds: Generations['byIds'] = async (ids) => readCurrent(log, await store.generations.byIds(ids));

  return {
    async submit(viewer, input) {
      checkMayGenerate(viewer);
      const messages = promptMessages(input, deps.limits.promptCharacters);
      const draft = draftOf(deps, viewer, input, lengthOf(messages));
      return submit(deps, { ...draft, messages, reply: null });
    },

    async cancel(viewer, id) {
      await cancel(deps, await changeableGeneration(store, viewer, id));
      const [cancelled] = await byIds([id]);
      if (!cancelled) throw notFound(`The generation ${id}`);
      return cancelled;
    },

    async follow(viewer, id, after) {
      const generation = settled.one(await readableGeneration(readables, viewer, id));
      const { viewerId, onDisconnect } = generation;
      const follower = new Follower(deps, generation, after === undefined ? undefined : decodeCursor(id, after));
      if (readsByVisibility(viewer, viewerId)) return whileReadable({ bus: deps.bus, readables }, viewer, follower);
      // Who may only read it neither keeps it alive nor ends it.
      const attends = onDisconnect === 'CANCEL' && !hasEnded(generation) && mayChange(viewer, viewerId);
      return attends ? attended(follower, attendances) : follower;
    },

    followMine: (viewer) => followMine({ ...deps, byIds }, viewer),
    byIds,
    page: (viewerId, page, status) => listGenerations(deps, viewerId, page, status),
    content: (generations) => contents.of(generations),
    close: () => attendances.close(),
  };
}

/** A follower whose leaving before the end is noted. */
function attended(follower: Follower, attendances: Attendances): Following {
  const { generation } = follower;
  let joined = false;
  return {
    generation,
    poll(waiter) {
      if (!joined) attendances.join(generation.id);
      joined = true;
      return follower.poll(waiter);
    },
    close() {
      follower.close();
      if (joined) attendances.leave(generation.id);
      joined = false;
    },
  };
}
