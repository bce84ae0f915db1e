import type { Pool, PoolState } from '../backends/pool.ts';
import type { Bus } from '../bus/bus.ts';
import type { Model } from '../domain/model.ts';
import { type ModelChange, modelsTopic } from './changes.ts';
import type { Models } from './generation.ts';
import { Watch } from './watch.ts';

export interface PooledModel {
  readonly id: string;
  readonly name: string;
  readonly pool: Pick<Pool, 'capacity'> & { state(): PoolState };
}

/** The configured models, and how their pools in this process do. */
export function createModels({ models, bus }: { models: readonly PooledModel[]; bus: Bus }): Models {
  const byId = new Map(models.map((model) => [model.id, model]));

  return {
    all: () => models.map(toModel),

    byId(id) {
      const model = byId.get(id);
      return model && toModel(model);
    },

    follow(id) {
      const followed = id === undefined ? [...byId.keys()] : [id];
      const open = (watch: Watch<string>) => {
        for (const modelId of followed) watch.mark(modelId);
        return bus.subscribe(modelsTopic, (change) => {
          const { modelId } = change as ModelChange;
          if (followed.includes(modelId)) watch.mark(modelId);
        });
      };
      const watch = new Watch<string>({ open });
      const next = async () => {
        const changed = await watch.next();
        const model = changed === undefined ? undefined : byId.get(changed);
        return model && toModel(model);
      };
      return { next, close: () => watch.close() };
    },
  };
}

function toModel({ id, name, pool }: PooledModel): Model {
  return { id, name, concurrency: pool.capacity, ...pool.state() };
}
