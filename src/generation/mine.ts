import type { Bus } from '../bus/bus.ts';
import type { Viewer } from '../domain/conversation.ts';
import type { Generation } from '../domain/generation.ts';
import type { Store } from '../store/store.ts';
import { type GenerationChange, type ModelChange, modelsTopic, viewerTopic } from './changes.ts';
import type { Generations, Source } from './generation.ts';
import { Watch } from './watch.ts';

/**
 * A viewer's generations: those that are open now, then each whose status, attempt or place in line has changed.
 * The places of those in line change whenever their model takes one up, so each such change has them looked at again.
 */
export function followMine(
  { bus, store }: { bus: Bus; store: Store },
  viewer: Viewer,
  byIds: Generations['byIds'],
): Source<Generation> {
  const inLine = new Map<string, string>();
  const given = new Map<string, string>();

  async function open(watch: Watch<string>): Promise<() => void> {
    const ends: (() => void)[] = [];
    const end = () => {
      for (const each of ends) each();
    };
    const listen = async (topic: string, listener: (change: unknown) => void) => {
      ends.push(await bus.subscribe(topic, listener));
    };
    try {
      await listen(viewerTopic(viewer.id), (change) => watch.mark((change as GenerationChange).generationId));
      await listen(modelsTopic, (change) => {
        for (const [id, modelId] of inLine) if (modelId === (change as ModelChange).modelId) watch.mark(id);
      });
      for (const { id, viewerId } of await store.generations.unsettled()) if (viewerId === viewer.id) watch.mark(id);
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }
  const watch = new Watch<string>({ open });

  async function next(): Promise<Generation | undefined> {
    for (;;) {
      const id = await watch.next();
      if (id === undefined) return undefined;
      const [generation] = await byIds([id]);
      if (!generation) {
        inLine.delete(id);
        given.delete(id);
        continue;
      }
      const { status, modelId, attempts, endedAt } = generation;
      if (status === 'QUEUED') inLine.set(id, modelId);
      else inLine.delete(id);
      const place = status === 'QUEUED' ? (await store.generations.queuePositions([id])).get(id) : undefined;
      const state = JSON.stringify([status, attempts, place]);
      if (given.get(id) === state) continue;
      if (endedAt === null) given.set(id, state);
      else given.delete(id);
      return generation;
    }
  }

  return { next, close: () => watch.close() };
}
