import type { Logger } from 'pino';
import type { Backend } from './backends/backend.ts';
import { ngramBackend } from './backends/ngram/ngram.ts';
import { openaiBackend } from './backends/openai.ts';
import { Pool, type PoolState } from './backends/pool.ts';
import type { Bus } from './bus/bus.ts';
import { memoryBus } from './bus/memory.ts';
import type { BackendConfig, Config, ModelConfig } from './config.ts';
import type { Viewer } from './domain/conversation.ts';
import { tellModel } from './generation/changes.ts';
import { createConversations } from './generation/conversations.ts';
import { createGenerations } from './generation/generations.ts';
import { createModels } from './generation/models.ts';
import { run } from './generation/run.ts';
import { sweep } from './generation/sweep.ts';
import type { Services } from './graphql/context.ts';
import { createPipeline, type Pipeline } from './graphql/graphql.ts';
import type { Log } from './log/log.ts';
import { SqliteLog } from './log/sqlite.ts';
import { Tails } from './log/tail.ts';
import { memoryQueue } from './queue/memory.ts';
import type { Queue } from './queue/queue.ts';
import type { Readiness } from './server/health.ts';
import { isAllowedOrigin } from './server/origin.ts';
import { claimDataDir } from './store/data-dir.ts';
import { openSqliteStore } from './store/sqlite.ts';
import type { Store } from './store/store.ts';
import { version } from './version.ts';

/** What the two modes differ in, and nothing else does. */
interface Parts {
  readonly store: Store;
  readonly bus: Bus;
  readonly log: Log;
  readonly queue: Queue;
  /** Lets go of all of them. */
  close(): Promise<void>;
}

/** Everything in one process, on files in the data folder. */
export async function embedded({ dataDir }: Config): Promise<Parts> {
  const folder = claimDataDir(dataDir);
  const store = await openSqliteStore(folder.file('store.db'));
  const bus = memoryBus();
  const log = new SqliteLog({ path: folder.file('log.db'), bus });
  const queue = memoryQueue();
  return {
    store,
    bus,
    log,
    queue,
    async close() {
      log.close();
      await store.close();
      await bus.close();
      folder.release();
    },
  };
}

/** The viewer until there is authentication. */
const localViewer: Viewer = { id: 'usr_local', name: 'Local', role: 'ADMIN' };
const sweepMs = 30_000;

export interface App {
  readonly pipeline: Pipeline;
  readonly readiness: Readiness;
  /** Takes up what was left unfinished, and what comes. */
  work(): Promise<void>;
  /** Lets go of what runs, for the next start to go on with. From here on leaving followers cancel nothing. */
  handOver(): Promise<void>;
  close(): Promise<void>;
}

/** Wires the parts together; the same in both modes. */
export async function compose(config: Config, parts: Parts, logger: Logger): Promise<App> {
  const { store, bus, log, queue } = parts;
  const startedAt = Date.now();
  const onError = (error: unknown, generationId?: string) => logger.error({ err: error, generationId }, 'generation');
  const models = new Map(config.models.map((model) => [model.id, { ...model, pool: createPool(model, bus, logger) }]));
  const tails = new Tails({ log, bus, onError: (error) => logger.warn({ err: error }, 'a log could not be read') });

  const { batchIntervalMs, logRetentionMs, defaultModel } = config;
  const deps = { store, bus, log, queue, tails, models, defaultModel, batchIntervalMs, logRetentionMs, onError };
  const generations = createGenerations(deps);
  const services: Services = {
    generations,
    conversations: createConversations(deps),
    store,
    models: createModels({ models: [...models.values()], bus }),
    service: { version, startedAt },
  };
  await store.viewers.put(localViewer);

  let stopWork = async () => {};
  return {
    pipeline: createPipeline({ services, viewer: localViewer, logger, isAllowedOrigin }),
    readiness: {
      store: () => store.check(),
      bus: () => bus.check(),
      backend: async () => {
        if (services.models.all().every(({ status }) => status === 'OFFLINE')) throw new Error('no backend is up');
      },
    },

    async work() {
      for (const { pool } of models.values()) pool.start();
      const stopJobs = await queue.work(
        (job, signal) => run(deps, job, signal),
        (id) => models.get(id)?.pool.capacity ?? 1,
      );
      const again = setInterval(() => sweep(deps).catch(onError), sweepMs);
      stopWork = async () => {
        clearInterval(again);
        await stopJobs();
      };
      await sweep(deps);
    },

    async handOver() {
      generations.close();
      await stopWork();
    },

    async close() {
      await Promise.all([...models.values()].map(({ pool }) => pool.close()));
      tails.close();
      await parts.close();
    },
  };
}

/** Writes to the log what goes wrong with a model's backends, and which are back. */
function reportBackends(logger: Logger, model: string): (state: PoolState) => void {
  const known = new Map<string, PoolState['backends'][number]>();
  return ({ backends }) => {
    for (const backend of backends) {
      const { name, status, lastError } = backend;
      const before = known.get(name) ?? { status: 'ONLINE', lastError: null };
      known.set(name, backend);
      if (lastError !== before.lastError) logger.warn({ model, backend: name, status, lastError }, 'backend failed');
      else if (status !== before.status) logger.info({ model, backend: name, status }, 'backend');
    }
  };
}

function createPool({ id, probeIntervalMs, timeouts, backends }: ModelConfig, bus: Bus, logger: Logger): Pool {
  const pooled = backends.map((backend) => {
    return { backend: createBackend(backend, timeouts), concurrency: backend.concurrency };
  });
  const report = reportBackends(logger, id);
  const onChange = (state: PoolState) => {
    report(state);
    void tellModel(bus, id);
  };
  return new Pool({ modelId: id, backends: pooled, probeIntervalMs, onChange });
}

function createBackend(config: BackendConfig, timeouts: ModelConfig['timeouts']): Backend {
  switch (config.kind) {
    case 'ngram':
      return ngramBackend(config);
    case 'openai':
      return openaiBackend({ ...config, timeouts });
  }
}
