import type { Bus } from '../bus/bus.ts';
import type { Viewer } from '../domain/conversation.ts';
import type { Generation } from '../domain/generation.ts';
import type { Store } from '../store/store.ts';
import { type GenerationChange, type ModelChange, modelsTopic, viewerTopic } from './changes.ts';
import type { Generations, MyGeneration, Source } from './generation.ts';
import { Watch } from './watch.ts';

/** Stands among the ids of what has changed for all that are in line. */
const line = Symbol('line');

/** So many that have ended are known by their ids: a change that was told before the end may be looked at after it. */
const mostEnded = 256;

interface MineDeps {
  readonly bus: Bus;
  readonly store: Store;
  readonly byIds: Generations['byIds'];
}

/**
 * A viewer's generations: those that are open now, then each whose status, attempt or place in line has changed.
 * The places of those in line change whenever their model takes one up: then all of them are looked at, in one question.
 */
export function followMine(deps: MineDeps, viewer: Viewer): Source<MyGeneration> {
  const known = new Known(deps);
  const watch = new Watch<string | typeof line>({ open: (opened) => listen(deps, viewer, known, opened) });

  async function next(): Promise<MyGeneration | undefined> {
    for (;;) {
      const changed = known.take();
      if (changed) return changed;
      const key = await watch.next();
      if (key === undefined) return undefined;
      await known.look(key === line ? known.inLine() : [key]);
    }
  }

  return { next, close: () => watch.close() };
}

async function listen(
  { bus, store }: MineDeps,
  viewer: Viewer,
  known: Known,
  watch: Watch<string | typeof line>,
): Promise<() => void> {
  const ends: (() => void)[] = [];
  const end = () => {
    for (const each of ends) each();
  };
  try {
    const onGeneration = (change: unknown) => {
      if (change !== undefined) watch.mark((change as GenerationChange).generationId);
      else for (const id of known.open()) watch.mark(id);
    };
    const onModel = (change: unknown) => {
      const modelId = (change as ModelChange | undefined)?.modelId;
      if (known.waitsFor(modelId)) watch.mark(line);
    };
    ends.push(await bus.subscribe(viewerTopic(viewer.id), onGeneration));
    ends.push(await bus.subscribe(modelsTopic, onModel));
    await known.look((await store.generations.unsettled(viewer.id)).map(({ id }) => id));
    // Wakes who waits, for what is known now.
    watch.mark(line);
  } catch (error) {
    end();
    throw error;
  }
  return end;
}

/** What the subscriber has been told of each generation that is open, and what it is to be told next. */
class Known {
  readonly #deps: MineDeps;
  readonly #told = new Map<string, { readonly state: string; readonly modelId: string; readonly queued: boolean }>();
  /** Those whose end was told last, with their states. */
  readonly #ended = new Map<string, string>();
  /** The newest state of each, in the order in which they first changed. */
  readonly #news = new Map<string, MyGeneration>();

  constructor(deps: MineDeps) {
    this.#deps = deps;
  }

  open(): string[] {
    return [...this.#told.keys()];
  }

  inLine(): string[] {
    return [...this.#told].filter(([, { queued }]) => queued).map(([id]) => id);
  }

  /** Whether one in line waits for this model; for any where the model is not known. */
  waitsFor(modelId: string | undefined): boolean {
    for (const told of this.#told.values()) {
      if (told.queued && (modelId === undefined || told.modelId === modelId)) return true;
    }
    return false;
  }

  take(): MyGeneration | undefined {
    const [first] = this.#news;
    if (!first) return undefined;
    this.#news.delete(first[0]);
    return first[1];
  }

  /** Sees which of these have changed, with two questions however many they are. */
  async look(ids: readonly string[]): Promise<void> {
    const found = new Map((await this.#deps.byIds(ids)).map((generation) => [generation.id, generation]));
    const queued = [...found.values()].filter(({ status }) => status === 'QUEUED').map(({ id }) => id);
    const places = queued.length > 0 ? await this.#deps.store.generations.queuePositions(queued) : new Map();
    for (const id of ids) {
      const generation = found.get(id);
      if (generation) this.#compare(generation, places.get(id) ?? null);
      else this.#told.delete(id);
    }
  }

  #compare(generation: Generation, queuePosition: number | null): void {
    const { id, status, modelId, attempts, endedAt } = generation;
    const state = JSON.stringify([status, attempts, queuePosition]);
    if ((this.#told.get(id)?.state ?? this.#ended.get(id)) === state) return;
    // A log that was lost is begun anew, after its end as well.
    this.#ended.delete(id);
    if (endedAt === null) this.#told.set(id, { state, modelId, queued: status === 'QUEUED' });
    else this.#noteEnd(id, state);
    this.#news.set(id, { generation, queuePosition });
  }

  #noteEnd(id: string, state: string): void {
    this.#told.delete(id);
    this.#ended.set(id, state);
    const [oldest] = this.#ended.keys();
    if (oldest !== undefined && this.#ended.size > mostEnded) this.#ended.delete(oldest);
  }
}
