import type { PoolState } from '../backends/pool.ts';
import type { Bus } from '../bus/bus.ts';
import type { Model } from '../domain/model.ts';
import { type ModelChange, modelsTopic } from './changes.ts';
import type { Models } from './generation.ts';
import { type HealthReport, healthTopic, mergeStates, reportLifeMs } from './health.ts';
import { Watch } from './watch.ts';

export interface ConfiguredModel {
  readonly id: string;
  readonly name: string;
  readonly backends: readonly { readonly name: string; readonly kind: string; readonly concurrency: number }[];
}

interface ModelsOptions {
  readonly models: readonly ConfiguredModel[];
  readonly bus: Bus;
  /** Told where nothing can be heard of the backends. */
  readonly onError: (error: unknown) => void;
  readonly now?: () => number;
}

export interface HeardModels extends Models {
  /** When a process last said that it has this model, configured here or not, in ms since 1970; the start of listening where none did. */
  heardAt(modelId: string): number;
  close(): void;
}

/** The configured models, as the processes with backends say that they do. */
export function createModels({ models, bus, onError, now = Date.now }: ModelsOptions): HeardModels {
  const reports = new Map<string, Map<string, { state: PoolState; at: number }>>();
  const startedAt = now();
  const heardAt = new Map<string, number>();
  const last = new Map<string, string>();
  const listeners = new Set<(modelId: string) => void>();

  function toModel({ id, name, backends }: ConfiguredModel): Model {
    const heard = [...(reports.get(id)?.values() ?? [])].filter(({ at }) => now() - at < reportLifeMs);
    const known = backends.map((backend) => ({ ...backend, status: 'OFFLINE' as const, running: 0, lastError: null }));
    const concurrency = backends.reduce((sum, backend) => sum + backend.concurrency, 0);
    return {
      id,
      name,
      concurrency,
      ...mergeStates(
        known,
        heard.map(({ state }) => state),
      ),
    };
  }

  /** Says that a model changed, where it did: reports repeat themselves. */
  function look(model: ConfiguredModel): void {
    const state = JSON.stringify(toModel(model));
    if (last.get(model.id) === state) return;
    last.set(model.id, state);
    for (const listener of listeners) listener(model.id);
  }

  const byId = new Map(models.map((model) => [model.id, model]));
  // Not waited for: a start goes on while the bus is away, and until it is there nothing is known of any backend.
  const subscribed = bus.subscribe(healthTopic, (message) => {
    if (message === undefined) return;
    const { node, modelId, state } = message as HealthReport;
    heardAt.set(modelId, now());
    const model = byId.get(modelId);
    if (!model) return;
    const nodes = reports.get(modelId) ?? new Map();
    reports.set(modelId, nodes);
    if (state) nodes.set(node, { state, at: now() });
    else nodes.delete(node);
    look(model);
  });
  subscribed.catch(onError);
  const expiry = setInterval(() => {
    for (const nodes of reports.values()) dropDead(nodes, now());
    for (const model of models) look(model);
  }, reportLifeMs / 3).unref();

  return {
    all: () => models.map(toModel),

    byId(id) {
      const model = byId.get(id);
      return model && toModel(model);
    },

    follow(id) {
      const followed = id === undefined ? [...byId.keys()] : [id];
      const watch = watchModels(followed, bus, listeners);
      const next = async () => {
        const changed = await watch.next();
        const model = changed === undefined ? undefined : byId.get(changed);
        return model && toModel(model);
      };
      return { next, close: () => watch.close() };
    },

    heardAt: (modelId) => heardAt.get(modelId) ?? startedAt,

    close() {
      clearInterval(expiry);
      subscribed.then(
        (unsubscribe) => unsubscribe(),
        () => {},
      );
    },
  };
}

/** Those who died never said that they leave, and come back under another name. */
function dropDead(nodes: Map<string, { at: number }>, now: number): void {
  for (const [node, { at }] of nodes) if (now - at >= reportLifeMs) nodes.delete(node);
}

/** Marks each of the models at once, and whenever something about it may have changed. */
function watchModels(followed: readonly string[], bus: Bus, listeners: Set<(modelId: string) => void>): Watch<string> {
  const open = async (watch: Watch<string>) => {
    const mark = (modelId: string) => {
      if (followed.includes(modelId)) watch.mark(modelId);
    };
    listeners.add(mark);
    for (const modelId of followed) mark(modelId);
    const end = await bus.subscribe(modelsTopic, (change) => {
      if (change === undefined) followed.forEach(mark);
      else mark((change as ModelChange).modelId);
    });
    return () => {
      listeners.delete(mark);
      end();
    };
  };
  return new Watch<string>({ open });
}
